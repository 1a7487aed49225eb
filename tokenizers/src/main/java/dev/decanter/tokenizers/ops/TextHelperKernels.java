package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Ops that stand in for TensorFlow's and ONNX Runtime Extensions': hashing, comparing, printing, joining, splitting. */
final class TextHelperKernels {
    private TextHelperKernels() {}

    /** Inputs: strings (3). Output: FarmHash modulo attribute num_buckets, i64. */
    static Kernel stringToHashBucket(Node node) {
        Constants.requireInputs(node, 3);
        int buckets = Constants.number(node, "num_buckets", 0);
        if (buckets < 1) {
            throw new InferenceException("layer " + node + ": num_buckets=\"" + buckets + "\" is not positive");
        }
        return inputs -> {
            Strings strings = Strings.read(inputs, 0);
            long[] out = new long[strings.size()];
            for (int i = 0; i < out.length; i++) {
                long hash = FarmHash.hash(strings.chars, strings.begins[i], strings.ends[i]);
                out[i] = Long.remainderUnsigned(hash, buckets);
            }
            return List.of(Tensor.ofLongs(inputs.getFirst().shape(), out));
        };
    }

    /** Inputs: strings (3), strings (3), of which one list may be a single string. Output: 1 where they are equal, i32. */
    static Kernel equalStr(Node node) {
        Constants.requireInputs(node, 6);
        return inputs -> {
            Strings left = Strings.read(inputs, 0);
            Strings right = Strings.read(inputs, 3);
            int count = left.size() == 0 || right.size() == 0 ? 0 : Math.max(left.size(), right.size());
            boolean fits = (left.size() == 1 || left.size() == count) && (right.size() == 1 || right.size() == count);
            if (count > 0 && !fits) {
                throw new InferenceException(
                        "layer " + node + ": " + left.size() + " strings cannot be compared with " + right.size());
            }
            int[] out = new int[count];
            for (int i = 0; i < count; i++) {
                int l = left.size() == 1 ? 0 : i;
                int r = right.size() == 1 ? 0 : i;
                out[i] = Arrays.equals(
                                left.chars, left.begins[l], left.ends[l], right.chars, right.begins[r], right.ends[r])
                        ? 1
                        : 0;
            }
            return List.of(Tensors.of(out));
        };
    }

    /** Input: numbers or booleans. Output: a string tensor, as C++ streams print them. */
    static Kernel numericToString(Node node) {
        Constants.requireInputs(node, 1);
        return inputs -> {
            Tensor input = inputs.getFirst();
            List<String> texts = switch (input.elementType()) {
                case F32 -> {
                    List<String> list = new ArrayList<>();
                    for (float value : input.toFloats()) {
                        list.add(print(value));
                    }
                    yield list;
                }
                case BOOLEAN -> {
                    List<String> list = new ArrayList<>();
                    for (byte value : Tensors.bytes(input)) {
                        list.add(value != 0 ? "true" : "false");
                    }
                    yield list;
                }
                case I64 ->
                    Arrays.stream(input.toLongs()).mapToObj(Long::toString).toList();
                case I32 ->
                    Arrays.stream(Tensors.ints(input))
                            .mapToObj(Integer::toString)
                            .toList();
                default ->
                    throw new InferenceException("layer " + node + ": printing numbers of type "
                            + input.elementType().irName() + " is not supported; convert them to f32, i32 or i64");
            };
            return List.of(Tensor.ofStrings(input.shape(), texts));
        };
    }

    /** C's {@code %g}: six significant digits, no zeros at the end, an exponent below 1e-4 and from 1e6 on. */
    static String print(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0" : "0";
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(6, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent >= -4 && exponent < 6) {
            BigDecimal plain = rounded.stripTrailingZeros();
            return plain.toPlainString();
        }
        String mantissa = rounded.movePointLeft(exponent).stripTrailingZeros().toPlainString();
        return mantissa + String.format("e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
    }

    /** Inputs: strings (3) of any shape, separator u8, axis. Output: strings (3) joined along the axis, which vanishes. */
    static Kernel join(Node node) {
        Constants.requireInputs(node, 5);
        return inputs -> {
            Strings strings = Strings.read(inputs, 0);
            byte[] separator = Tensors.bytes(inputs.get(3));
            long[] dims = inputs.getFirst().shape().dims();
            int given = Tensors.scalar(inputs.get(4));
            int axis = dims.length == 0 ? 0 : given < 0 ? given + dims.length : given;
            if (axis < 0 || axis >= Math.max(1, dims.length)) {
                throw new InferenceException("layer " + node + ": axis " + given + " of strings of shape "
                        + inputs.getFirst().shape());
            }
            int along = dims.length == 0 ? 1 : (int) dims[axis];
            int inner = product(dims, axis + 1, dims.length);
            int outer = product(dims, 0, axis);
            StringsBuilder out = new StringsBuilder(outer * inner, strings.chars.length + 16);
            for (int o = 0; o < outer; o++) {
                for (int i = 0; i < inner; i++) {
                    for (int a = 0; a < along; a++) {
                        if (a > 0) {
                            out.append(separator);
                        }
                        int index = (o * along + a) * inner + i;
                        out.append(strings.chars, strings.begins[index], strings.ends[index]);
                    }
                    out.endString();
                }
            }
            Strings joined = out.build();
            Shape shape = Shape.of(without(dims, axis));
            return List.of(Tensors.of(joined.begins, shape), Tensors.of(joined.ends, shape), Tensors.of(joined.chars));
        };
    }

    private static int product(long[] dims, int from, int to) {
        long product = 1;
        for (int d = from; d < to; d++) {
            product *= dims[d];
        }
        return Math.toIntExact(product);
    }

    private static long[] without(long[] dims, int axis) {
        long[] rest = new long[Math.max(0, dims.length - 1)];
        for (int d = 0; d < rest.length; d++) {
            rest[d] = dims[d < axis ? d : d + 1];
        }
        return rest;
    }

    /**
     * Inputs: strings (3) of any shape, delimiter u8 (an empty one cuts bytes), whether empty parts are left out. Outputs: sparse
     * indices i64 [n, rank + 1], the parts (3), dense shape i64.
     */
    static Kernel split(Node node) {
        Constants.requireInputs(node, 5);
        return inputs -> {
            Strings strings = Strings.read(inputs, 0);
            byte[] delimiter = Tensors.bytes(inputs.get(3));
            byte[] skip = Tensors.bytes(inputs.get(4));
            if (skip.length != 1) {
                throw new InferenceException("layer " + node + ": skip_empty must be one value, not " + skip.length);
            }
            long[] dims = inputs.getFirst().shape().dims();
            List<Long> indices = new ArrayList<>();
            StringsBuilder parts = new StringsBuilder(strings.size() + 8, strings.chars.length + 16);
            int most = 0;
            int count = 0;
            for (int s = 0; s < strings.size(); s++) {
                int part = 0;
                for (int at = strings.begins[s]; at <= strings.ends[s]; part++) {
                    int stop = stop(strings.chars, at, strings.ends[s], delimiter);
                    if (delimiter.length == 0 && at == strings.ends[s]) {
                        break;
                    }
                    if (skip[0] == 0 || stop > at) {
                        addPosition(s, dims, indices);
                        indices.add((long) part);
                        parts.append(strings.chars, at, stop);
                        parts.endString();
                        count++;
                    }
                    at = delimiter.length == 0 ? stop : stop + delimiter.length;
                    if (stop == strings.ends[s] && delimiter.length > 0) {
                        part++;
                        break;
                    }
                }
                most = Math.max(most, part);
            }
            long[] dense = Arrays.copyOf(dims, dims.length + 1);
            dense[dims.length] = most;
            List<Tensor> outputs = new ArrayList<>();
            outputs.add(Tensor.ofLongs(
                    Shape.of(count, dims.length + 1),
                    indices.stream().mapToLong(Long::longValue).toArray()));
            outputs.addAll(parts.build().tensors());
            outputs.add(Tensor.ofLongs(Shape.of(dense.length), dense));
            return outputs;
        };
    }

    /** Where the part that begins at {@code at} ends. */
    private static int stop(byte[] text, int at, int end, byte[] delimiter) {
        if (delimiter.length == 0) {
            return Math.min(at + 1, end);
        }
        for (int i = at; i + delimiter.length <= end; i++) {
            if (Arrays.equals(text, i, i + delimiter.length, delimiter, 0, delimiter.length)) {
                return i;
            }
        }
        return end;
    }

    private static void addPosition(int index, long[] dims, List<Long> out) {
        int inner = product(dims, 0, dims.length);
        int rest = index;
        for (long dim : dims) {
            inner /= (int) dim;
            out.add((long) (rest / inner));
            rest %= inner;
        }
    }
}
