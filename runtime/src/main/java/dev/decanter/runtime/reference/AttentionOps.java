package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.runtime.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * {@code softmax(q·kᵀ·scale + mask)·v}, in double. A query that may see no key at all gives zeros, as PyTorch does since
 * 2.5. A sink is one more logit of each row that takes part in the sum of the softmax and in nothing else.
 */
final class AttentionOps {
    private AttentionOps() {}

    static Tensor attention(NeuralOp.ScaledDotProductAttention op, List<Tensor> inputs, Allocator allocator) {
        Tensor q = inputs.get(0);
        Tensor k = inputs.get(1);
        Tensor v = inputs.get(2);
        Values.isFloat(q, "the query");
        Values.sameType(q, k);
        Values.sameType(q, v);
        for (Tensor tensor : List.of(q, k, v)) {
            Values.rank(tensor, "query, key and value", 3, Integer.MAX_VALUE);
        }
        long queries = q.shape().dim(-2);
        long keys = k.shape().dim(-2);
        if (q.shape().dim(-1) != k.shape().dim(-1) || keys != v.shape().dim(-2)) {
            throw new IrException("query " + q + ", key " + k + " and value " + v + " do not fit");
        }
        int width = Math.toIntExact(q.shape().dim(-1));
        int depth = Math.toIntExact(v.shape().dim(-1));
        Shape batch = Values.broadcast(Values.broadcast(batch(q.shape()), batch(k.shape())), batch(v.shape()));
        Shape scores = with(batch, queries, keys);

        boolean masked = !op.causal() && inputs.size() > 3;
        Tensor none = Tensor.ofBooleans(Shape.SCALAR, true);
        Tensor mask = masked ? inputs.get(3) : none;
        if (mask.elementType() != ElementType.BOOLEAN) {
            Values.sameType(q, mask);
        }
        boolean sinks = inputs.size() > 5;
        Tensor sink = sinks ? inputs.get(5) : none;
        double scale = inputs.size() > 4 ? scalar(inputs.get(4)) : 1 / Math.sqrt(width);

        Tensor out = allocator.allocate(q.elementType(), with(batch, queries, depth));
        Elements query = Elements.of(q);
        Elements key = Elements.of(k);
        Elements value = Elements.of(v);
        Elements bias = Elements.of(mask);
        Elements sinkLogit = Elements.of(sink);
        Elements to = Elements.of(out);
        boolean additive = masked && mask.elementType() != ElementType.BOOLEAN;
        Shape rowShape = Shape.of(Arrays.copyOf(scores.dims(), scores.rank() - 1));
        long keyStep = Walk.broadcastStrides(mask.shape(), scores)[scores.rank() - 1];

        // a row is one query: walk over batch and queries, with each operand's place at its first element
        Walk walk = Walk.over(
                rowShape,
                rows(q.shape(), batch, queries, true),
                rows(k.shape(), batch, queries, false),
                rows(v.shape(), batch, queries, false),
                Arrays.copyOf(Walk.broadcastStrides(mask.shape(), scores), rowShape.rank()),
                Arrays.copyOf(Walk.broadcastStrides(sink.shape(), with(batch, queries, 1)), rowShape.rank()));
        double[] logits = new double[Math.toIntExact(keys)];
        double[] queryRow = new double[width];
        double[] keyRow = new double[width];
        double[] valueRow = new double[depth];
        double[] sum = new double[depth];
        walk.rows((row, at, step, count) -> {
            for (long i = 0; i < count; i++) {
                long qAt = at[0] + i * step[0];
                long kAt = at[1] + i * step[1];
                long vAt = at[2] + i * step[2];
                long maskAt = at[3] + i * step[3];
                long position = (row + i) % queries;
                query.read(qAt, 1, queryRow, width);
                for (int j = 0; j < logits.length; j++) {
                    boolean hidden = op.causal() ? j > position : !additive && bias.longAt(maskAt + j * keyStep) == 0;
                    if (hidden) {
                        logits[j] = Double.NEGATIVE_INFINITY;
                        continue;
                    }
                    key.read(kAt + (long) j * width, 1, keyRow, width);
                    logits[j] = MatMulOps.dot(queryRow, keyRow) * scale
                            + (additive ? bias.doubleAt(maskAt + j * keyStep) : 0);
                }
                double extra = sinks ? sinkLogit.doubleAt(at[4] + i * step[4]) : Double.NEGATIVE_INFINITY;
                softmax(logits, extra);
                Arrays.fill(sum, 0);
                for (int j = 0; j < logits.length; j++) {
                    // a key of no weight is not read: its value may be anything
                    if (logits[j] != 0) {
                        value.read(vAt + (long) j * depth, 1, valueRow, depth);
                        for (int e = 0; e < depth; e++) {
                            sum[e] += logits[j] * valueRow[e];
                        }
                    }
                }
                to.write((row + i) * depth, sum, depth);
            }
        });
        return out;
    }

    private static Shape batch(Shape shape) {
        return Shape.of(Arrays.copyOf(shape.dims(), shape.rank() - 2));
    }

    private static Shape with(Shape batch, long rows, long columns) {
        long[] dims = Arrays.copyOf(batch.dims(), batch.rank() + 2);
        dims[batch.rank()] = rows;
        dims[batch.rank() + 1] = columns;
        return Shape.of(dims);
    }

    /** Strides over batch and queries of an operand of whole matrices; only the query's own moves with the queries. */
    private static long[] rows(Shape shape, Shape batch, long queries, boolean byQuery) {
        long[] strides = Arrays.copyOf(Walk.broadcastStrides(batch(shape), batch), batch.rank() + 1);
        long matrix = shape.dim(-1) * shape.dim(-2);
        for (int d = 0; d < batch.rank(); d++) {
            strides[d] *= matrix;
        }
        strides[batch.rank()] = byQuery && queries > 1 ? shape.dim(-1) : 0;
        return strides;
    }

    private static double scalar(Tensor tensor) {
        if (tensor.shape().elements() != 1) {
            throw new IrException("the scale must be a scalar, not " + tensor);
        }
        return Elements.of(tensor).doubleAt(0);
    }

    /** In place; {@code extra} is one more logit whose weight is dropped. */
    private static void softmax(double[] logits, double extra) {
        double max = extra;
        for (double logit : logits) {
            max = Math.max(max, logit);
        }
        if (max == Double.NEGATIVE_INFINITY) {
            Arrays.fill(logits, 0);
            return;
        }
        double sum = Math.exp(extra - max);
        for (int i = 0; i < logits.length; i++) {
            logits[i] = Math.exp(logits[i] - max);
            sum += logits[i];
        }
        for (int i = 0; i < logits.length; i++) {
            logits[i] /= sum;
        }
    }
}
