package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.Angles;
import dev.decanter.cpu.kernels.Attention;
import dev.decanter.cpu.kernels.DecoderMask;
import dev.decanter.cpu.kernels.HeadRows;
import dev.decanter.cpu.kernels.Rotary;
import dev.decanter.cpu.kernels.Strided;
import dev.decanter.cpu.kernels.Visibility;
import dev.decanter.cpu.machine.MachineAttention;
import dev.decanter.cpu.machine.MachineHeads;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Attention, its cache and its positions. */
final class AttentionSteps {
    private AttentionSteps() {}

    /** Inputs new [B, H, S, D], or [B, S, H, D] if turned, beam index [B]. */
    static Step append(String variable, boolean turned) {
        return frame -> {
            KvCache cache = frame.kvCache(variable);
            cache.reorder(frame.in(1));
            cache.append(frame.team(), frame.in(0), turned);
            frame.view(0, cache);
        };
    }

    /** The shape of the cache as it was before this inference; no memory behind it. */
    static Step past(String variable) {
        return frame -> {
            KvCache cache = frame.kvCache(variable);
            long batch = frame.shape(0).elements();
            frame.shapeOnly(0, Shape.of(batch, cache.heads(), cache.pastLength(), cache.size()));
        };
    }

    /** Inputs q [B, H, S, D], k [B, Hkv, T, D], v [B, Hkv, T, Dv][, mask]. */
    static Step attention(FusedOp.Attention op) {
        return frame -> {
            Shape q = frame.shape(0);
            Shape k = frame.shape(1);
            Shape v = frame.shape(2);
            check(q, k, v);
            float scale = Float.isNaN(op.scale()) ? (float) (1 / Math.sqrt((double) q.dim(3))) : op.scale();
            Attention.Sizes sizes = new Attention.Sizes(
                    (int) q.dim(0),
                    (int) q.dim(1),
                    (int) k.dim(1),
                    (int) q.dim(2),
                    (int) k.dim(2),
                    (int) q.dim(3),
                    (int) v.dim(3),
                    op.causal() ? 0 : Attention.ALL_KEYS);
            Strided mask = Strided.none();
            Visibility seen;
            if (frame.inputCount() > 3) {
                SeenKeys keys = seenKeys(frame, sizes);
                mask = mask(keys.shape(), keys.numbers(), q, k);
                seen = keys.seen();
            } else {
                seen = Visibility.of(frame.team(), sizes, mask);
            }
            Shape result = Shape.of(q.dim(0), q.dim(op.turned() ? 2 : 1), q.dim(op.turned() ? 1 : 2), v.dim(3));
            Tensor out = frame.out(0, ElementType.F32, result);
            Attention.apply(
                    frame.team(),
                    MachineAttention.kernels(),
                    op.exact() ? Optional.empty() : MachineAttention.tiles(),
                    sizes,
                    rows(frame.in(0)),
                    rows(frame, 1),
                    rows(frame, 2),
                    mask,
                    seen,
                    scale,
                    rows(out, op.turned()));
        };
    }

    private static final int MASK = 3;

    /** What input 3 hides, which another layer may have found out. */
    private static SeenKeys seenKeys(Frame frame, Attention.Sizes sizes) {
        Optional<SeenKeys> known = frame.seenKeys(MASK);
        if (known.isPresent() && known.get().isFor(sizes)) {
            return known.get();
        }
        Tensor mask = frame.in(MASK);
        Shape q = frame.shape(0);
        Strided numbers = mask(mask.shape(), mask.memory(), q, frame.shape(1));
        Visibility seen = Visibility.of(frame.team(), sizes, numbers);
        SeenKeys found = new SeenKeys(mask.shape(), mask.memory(), seen, Optional.of(sizes));
        frame.seenKeys(MASK, found);
        return found;
    }

    /** Numbers are written only where limits do not say the same. */
    static Step mask(FusedOp.DecoderMask op) {
        return frame -> {
            int rows = Math.toIntExact(op.rows().of(frame));
            int queries = Math.toIntExact(op.queries().of(frame));
            long all = op.keys().of(frame);
            int keys = Math.toIntExact(
                    op.cut().isPresent() ? Math.min(all, op.cut().get().of(frame)) : all);
            Optional<FusedOp.Padding> padding = op.padding();
            DecoderMask mask = new DecoderMask(
                    rows,
                    queries,
                    keys,
                    op.from().isPresent() ? op.from().get().of(frame) : -queries,
                    op.until().isPresent() ? op.until().get().of(frame) : keys,
                    op.hidden(),
                    padding.isPresent() ? frame.in(0).memory() : MemorySegment.NULL,
                    padding.isPresent() && frame.type(0) == ElementType.I64,
                    padding.isPresent() ? padding.get().first().of(frame) : 0,
                    padding.isPresent() ? rowLength(frame, padding.get(), rows) : 0);
            Shape shape = Shape.of(rows, 1, queries, keys);
            MemorySegment numbers = MemorySegment.NULL;
            if (!mask.seen().allPlain()) {
                numbers = frame.out(0, ElementType.F32, shape).memory();
                mask.write(frame.team(), numbers);
            }
            frame.mask(0, new SeenKeys(shape, numbers, mask.seen(), Optional.empty()));
        };
    }

    /** Inputs x [B, H, S, D], or [B, S, H, D] if turned, cos and sin [B|1, 1, S, D]. */
    static Step rotary(boolean turned) {
        return frame -> {
            Tensor x = frame.in(0);
            Shape given = x.shape();
            Shape shape = turned ? Shape.of(given.dim(0), given.dim(2), given.dim(1), given.dim(3)) : given;
            Tensor y = frame.out(0, ElementType.F32, shape);
            int size = (int) shape.dim(3);
            int batch = (int) shape.dim(0);
            int heads = (int) shape.dim(1);
            int rows = (int) shape.dim(2);
            Strided from = rows(x, turned);
            Strided cos = angles(frame.in(1), shape);
            Strided sin = angles(frame.in(2), shape);
            Optional<MachineHeads> machine = MachineHeads.kernels();
            if (machine.isPresent() && MachineHeads.reaches(from, cos, sin)) {
                machine.get().rotate(frame.team(), batch, heads, rows, size, from, cos, sin, rows(y));
            } else {
                Rotary.apply(frame.team(), batch, heads, rows, size, size, from, cos, sin, rows(y));
            }
        };
    }

    static Step angles(FusedOp.Angles op) {
        float[] frequencies = MatMulSteps.floats(op.frequencies());
        return frame -> {
            Tensor positions = frame.in(0);
            Shape given = positions.shape();
            Shape shape = Shape.of(given.dim(0), 1, given.dim(1), 2L * frequencies.length);
            Tensor cos = frame.out(0, ElementType.F32, shape);
            Tensor sin = frame.out(1, ElementType.F32, shape);
            Angles.apply(frame.team(), frequencies, op.scale(), positions.memory(), cos.memory(), sin.memory());
        };
    }

    private static Strided angles(Tensor angle, Shape x) {
        Shape shape = angle.shape();
        boolean batchFits = shape.dim(0) == 1 || shape.dim(0) == x.dim(0);
        boolean rowsFit = shape.dim(2) == 1 || shape.dim(2) == x.dim(2);
        if (!batchFits || !rowsFit) {
            throw new InferenceException("rotary angles " + shape + " for " + x);
        }
        long row = shape.dim(2) == 1 ? 0 : shape.dim(3);
        return new Strided(angle.memory(), 0, shape.dim(0) == 1 ? 0 : shape.dim(2) * shape.dim(3), 0, row);
    }

    private static void check(Shape q, Shape k, Shape v) {
        boolean fits = k.dim(0) == q.dim(0)
                && v.dim(0) == q.dim(0)
                && k.dim(3) == q.dim(3)
                && v.dim(2) == k.dim(2)
                && v.dim(1) == k.dim(1);
        if (!fits) {
            throw new InferenceException("attention over q " + q + ", k " + k + ", v " + v);
        }
    }

    private static HeadRows rows(Frame frame, int input) {
        Optional<KvCache> cache = frame.cache(input);
        return cache.isPresent() ? cache.get().rows() : rows(frame.in(input));
    }

    /** Rows of [B, H, S, D], or of [B, S, H, D] if turned. */
    private static Strided rows(Tensor x, boolean turned) {
        Shape shape = x.shape();
        return turned ? Strided.rowMajor(x.memory(), 0, shape.dim(1), shape.dim(2), shape.dim(3)) : rows(x);
    }

    private static Strided rows(Tensor x) {
        Shape shape = x.shape();
        return Strided.headMajor(x.memory(), 0, shape.dim(1), shape.dim(2), shape.dim(3));
    }

    /** From row to row of a mask, of which one row may stand for all. */
    private static long rowLength(Frame frame, FusedOp.Padding padding, int rows) {
        if (padding.rows().isEmpty()) {
            return padding.rowLength().of(frame);
        }
        long given = padding.rows().get().of(frame);
        if (given != 1 && given != rows) {
            throw new InferenceException("attention_mask has " + given + " rows for " + rows + " sequences");
        }
        return given == 1 ? 0 : padding.rowLength().of(frame);
    }

    /** Broadcasts [B|1, H|1, S|1, T], or fewer leading dimensions, by strides of 0. */
    private static Strided mask(Shape shape, MemorySegment numbers, Shape q, Shape k) {
        long[] full = {1, 1, 1, 1};
        for (int i = 0; i < shape.rank(); i++) {
            full[4 - shape.rank() + i] = shape.dim(i);
        }
        long[] wanted = {q.dim(0), q.dim(1), q.dim(2), k.dim(2)};
        boolean fits = full[3] == wanted[3];
        for (int i = 0; i < 3; i++) {
            fits &= full[i] == 1 || full[i] == wanted[i];
        }
        if (!fits) {
            throw new InferenceException("attention mask " + shape + " for q " + q + " and k " + k);
        }
        long row = full[2] == 1 ? 0 : full[3];
        long head = full[1] == 1 ? 0 : full[2] * full[3];
        long batch = full[0] == 1 ? 0 : full[1] * full[2] * full[3];
        return new Strided(numbers, 0, batch, head, row);
    }
}
