package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Ops on ids by row: Truncate, CombineSegments, RaggedToDense; and FuzeRagged, which makes one string of a row's pieces. */
final class RaggedKernels {
    private RaggedKernels() {}

    /** Inputs: one or two of (begins, ends, values), greatest length, side, mode. Outputs: the same, shortened. */
    static Kernel truncate(Node node) {
        Constants.requireInputs(node, 6, 9);
        return RaggedKernels::truncate;
    }

    private static List<Tensor> truncate(List<Tensor> inputs) {
        int sequences = (inputs.size() - 3) / 3;
        int max = Math.max(0, Tensors.scalar(inputs.get(inputs.size() - 3)));
        boolean left = isLeft(text(inputs.get(inputs.size() - 2)));
        String mode = text(inputs.getLast()).toLowerCase(Locale.ROOT);
        Ragged first = Ragged.read(inputs, 0);
        Ragged second = sequences == 2 ? Ragged.read(inputs, 3) : first;
        int[][] begins = {first.begins.clone(), second.begins.clone()};
        int[][] ends = {first.ends.clone(), second.ends.clone()};
        for (int row = 0; row < first.size(); row++) {
            int a = first.ends[row] - first.begins[row];
            int b = sequences == 2 ? second.ends[row] - second.begins[row] : 0;
            int[] kept = kept(a, b, max, mode, sequences);
            shorten(begins[0], ends[0], row, kept[0], left);
            if (sequences == 2) {
                shorten(begins[1], ends[1], row, kept[1], left);
            }
        }
        List<Tensor> out = new ArrayList<>();
        for (int i = 0; i < sequences; i++) {
            out.add(Tensors.of(begins[i]));
            out.add(Tensors.of(ends[i]));
            out.add(Tensors.of(Tensors.ints(inputs.get(3 * i + 2))));
        }
        return out;
    }

    private static boolean isLeft(String side) {
        return switch (side) {
            case "left" -> true;
            case "right" -> false;
            default -> throw new InferenceException("Truncate: side \"" + side + "\" is neither left nor right");
        };
    }

    private static String text(Tensor tensor) {
        return new String(Tensors.bytes(tensor), StandardCharsets.UTF_8);
    }

    /** How many of {@code a} and {@code b} tokens stay. Of two, longest_first shortens the longer one first. */
    private static int[] kept(int a, int b, int max, String mode, int sequences) {
        int surplus = a + b - max;
        if (surplus <= 0) {
            return new int[] {a, b};
        }
        if (sequences == 1) {
            return new int[] {max, 0};
        }
        return switch (mode) {
            case "only_first" -> new int[] {shortened(a, surplus, mode), b};
            case "only_second" -> new int[] {a, shortened(b, surplus, mode)};
            case "longest_first" -> longestFirst(a, b, max);
            default -> throw new InferenceException("Truncate: unknown mode \"" + mode + "\"");
        };
    }

    private static int shortened(int length, int surplus, String mode) {
        if (length <= surplus) {
            throw new InferenceException("Truncate: " + mode + " cannot take " + surplus + " ids from a text of "
                    + length + "; choose longest_first or a greater max length");
        }
        return length - surplus;
    }

    private static int[] longestFirst(int a, int b, int max) {
        int half = max / 2;
        if (a <= half) {
            return new int[] {a, max - a};
        }
        if (b <= half) {
            return new int[] {max - b, b};
        }
        return a > b ? new int[] {max - half, half} : new int[] {half, max - half};
    }

    private static void shorten(int[] begins, int[] ends, int row, int length, boolean left) {
        if (ends[row] - begins[row] > length) {
            if (left) {
                begins[row] = ends[row] - length;
            } else {
                ends[row] = begins[row] + length;
            }
        }
    }

    /** Inputs: segments of (begins, ends, values), then their type ids. Outputs: joined ids and type ids, both ragged. */
    static Kernel combineSegments(Node node) {
        if (node.inputs().size() % 3 != 1 || node.inputs().size() < 4) {
            throw new InferenceException(
                    "layer " + node + " has " + node.inputs().size() + " inputs, not 3·k + 1");
        }
        return RaggedKernels::combineSegments;
    }

    private static List<Tensor> combineSegments(List<Tensor> inputs) {
        int segments = inputs.size() / 3;
        int[] typeIds = Tensors.ints(inputs.getLast());
        List<Ragged> parts = new ArrayList<>();
        List<int[]> values = new ArrayList<>();
        int rows = segments == 0 ? 0 : 1;
        for (int s = 0; s < segments; s++) {
            values.add(Tensors.ints(inputs.get(3 * s + 2)));
            Ragged part = Ragged.read(inputs, 3 * s).within(values.get(s).length);
            parts.add(part);
            rows = part.size() == 1 ? rows : part.size();
        }
        Ints ids = new Ints(64);
        Ints types = new Ints(64);
        int[] begins = new int[rows];
        int[] ends = new int[rows];
        for (int row = 0; row < rows; row++) {
            begins[row] = ids.size();
            for (int s = 0; s < segments; s++) {
                Ragged part = parts.get(s);
                if (part.size() != 1 && part.size() != rows) {
                    throw new InferenceException(
                            "CombineSegments: segments of " + part.size() + " and of " + rows + " rows");
                }
                int at = part.size() == 1 ? 0 : row;
                for (int i = part.begins[at]; i < part.ends[at]; i++) {
                    ids.add(values.get(s)[i]);
                    types.add(typeIds[s]);
                }
            }
            ends[row] = ids.size();
        }
        return List.of(
                Tensors.of(begins),
                Tensors.of(ends),
                Tensors.of(ids.toArray()),
                Tensors.of(begins.clone()),
                Tensors.of(ends.clone()),
                Tensors.of(types.toArray()));
    }

    /** Inputs: begins, ends, values, length, pad value, pad right (optional). Outputs: [rows, length] and a mask. */
    static Kernel raggedToDense(Node node) {
        Constants.requireInputs(node, 5, 6);
        boolean padRight = Constants.flag(node, "pad_right", true);
        return inputs -> raggedToDense(inputs, inputs.size() == 6 ? Tensors.bytes(inputs.get(5))[0] != 0 : padRight);
    }

    private static List<Tensor> raggedToDense(List<Tensor> inputs, boolean padRight) {
        int[] values = Tensors.ints(inputs.get(2));
        Ragged rows = Ragged.read(inputs, 0).within(values.length);
        int length = Math.max(0, Tensors.scalar(inputs.get(3)));
        Shape shape = Shape.of(rows.size(), length);
        if (shape.elements() > Integer.MAX_VALUE - 8) {
            throw new InferenceException("RaggedToDense: " + shape + " ids are too many for one batch");
        }
        int[] dense = new int[(int) shape.elements()];
        byte[] mask = new byte[dense.length];
        Arrays.fill(dense, Tensors.scalar(inputs.get(4)));
        for (int row = 0; row < rows.size(); row++) {
            int count = Math.min(length, rows.ends[row] - rows.begins[row]);
            int at = row * length + (padRight ? 0 : length - count);
            System.arraycopy(values, rows.begins[row], dense, at, count);
            Arrays.fill(mask, at, at + count, (byte) 1);
        }
        return List.of(Tensors.of(dense, shape), Tensors.ofFlags(mask, shape));
    }

    /** Inputs: rows (begins, ends), strings (begins, ends). Outputs: a string for each row, from its first piece to its last. */
    static Kernel fuzeRagged(Node node) {
        Constants.requireInputs(node, 4);
        return inputs -> {
            int[] begins = Tensors.ints(inputs.get(2));
            int[] ends = Tensors.ints(inputs.get(3));
            Ragged rows = Ragged.read(inputs, 0).within(begins.length);
            int[] rowBegins = new int[rows.size()];
            int[] rowEnds = new int[rows.size()];
            for (int row = 0; row < rows.size(); row++) {
                if (rows.begins[row] < rows.ends[row]) {
                    rowBegins[row] = begins[rows.begins[row]];
                    rowEnds[row] = ends[rows.ends[row] - 1];
                }
            }
            return List.of(Tensors.of(rowBegins), Tensors.of(rowEnds));
        };
    }
}
