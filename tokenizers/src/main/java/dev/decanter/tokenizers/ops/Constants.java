package dev.decanter.tokenizers.ops;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.InferenceException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;

/** Inputs that are constant in the graph, and attributes: what a kernel reads once, when a model is compiled. */
final class Constants {
    private Constants() {}

    /** Whether the node has this input and its value is known. */
    static boolean isConstant(Node node, int input) {
        return input < node.inputs().size() && node.input(input).node().op() instanceof Op.Constant;
    }

    static byte[] bytes(Node node, int input) {
        return constant(node, node.input(input), ElementType.U8)
                .data()
                .segment()
                .toArray(ValueLayout.JAVA_BYTE);
    }

    static int[] ints(Node node, int input) {
        return constant(node, node.input(input), ElementType.I32)
                .data()
                .segment()
                .toArray(ValueLayout.JAVA_INT_UNALIGNED);
    }

    static float[] floats(Node node, int input) {
        return constant(node, node.input(input), ElementType.F32)
                .data()
                .segment()
                .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    /** A u8 constant as text. */
    static String text(Node node, int input) {
        return new String(bytes(node, input), StandardCharsets.UTF_8);
    }

    private static Op.Constant constant(Node node, Output source, ElementType type) {
        if (source.node().op() instanceof Op.Constant constant && constant.elementType() == type) {
            return constant;
        }
        throw new InferenceException("layer " + node + ": its input from layer " + source.node()
                + " must be a constant of type " + type.irName() + "; convert the tokenizer again");
    }

    /** Three inputs from {@code first} on: begins, ends and chars constants, or a packed constant's StringTensorUnpack. */
    static Strings strings(Node node, int first) {
        Node producer = node.input(first).node();
        if (producer.op().type().equals("StringTensorUnpack")) {
            return PackedStrings.read(constant(producer, producer.input(0), ElementType.U8)
                    .data()
                    .segment()
                    .toArray(ValueLayout.JAVA_BYTE));
        }
        return new Strings(ints(node, first), ints(node, first + 1), bytes(node, first + 2));
    }

    static Map<String, String> attributes(Node node) {
        return node.op() instanceof Op.Opaque opaque ? opaque.attributes() : Map.of();
    }

    static String attribute(Node node, String name, String absent) {
        return Optional.ofNullable(attributes(node).get(name)).orElse(absent);
    }

    static boolean flag(Node node, String name, boolean absent) {
        String value = attributes(node).get(name);
        if (value == null) {
            return absent;
        }
        return switch (value.toLowerCase(java.util.Locale.ROOT)) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default ->
                throw new InferenceException(
                        "layer " + node + ": attribute " + name + "=\"" + value + "\" is neither true nor false");
        };
    }

    static int number(Node node, String name, int absent) {
        String value = attributes(node).get(name);
        try {
            return value == null ? absent : Integer.parseInt(value.strip());
        } catch (NumberFormatException e) {
            throw new InferenceException(
                    "layer " + node + ": attribute " + name + "=\"" + value + "\" is no number", e);
        }
    }

    /** The ids in an attribute, separated by commas; none if it is absent. */
    static BitSet ids(Node node, String name) {
        BitSet ids = new BitSet();
        for (String id : attribute(node, name, "").split(",", -1)) {
            if (!id.isBlank()) {
                try {
                    ids.set(Integer.parseInt(id.strip()));
                } catch (NumberFormatException | IndexOutOfBoundsException e) {
                    throw new InferenceException("layer " + node + ": " + name + " has \"" + id.strip() + "\"", e);
                }
            }
        }
        return ids;
    }

    /** Fails unless the node has one of these numbers of inputs. */
    static void requireInputs(Node node, int... counts) {
        int actual = node.inputs().size();
        if (Arrays.stream(counts).noneMatch(c -> c == actual)) {
            throw new InferenceException(
                    "layer " + node + " has " + actual + " inputs; supported are " + Arrays.toString(counts));
        }
    }

    /** String lists as one u8 blob, the form up to 2024: count n, n + 1 offsets (all i32), then the bytes. */
    static final class PackedStrings {
        private PackedStrings() {}

        static Strings read(byte[] packed) {
            ByteBuffer buffer = ByteBuffer.wrap(packed).order(ByteOrder.LITTLE_ENDIAN);
            if (packed.length < 4) {
                throw new InferenceException("packed strings: " + packed.length + " bytes are too few for a count");
            }
            int count = buffer.getInt(0);
            long header = 8L + 4L * count;
            if (count < 0 || (count > 0 && header > packed.length)) {
                throw new InferenceException(
                        "packed strings: " + packed.length + " bytes are too few for " + count + " strings");
            }
            int[] begins = new int[count];
            int[] ends = new int[count];
            for (int i = 0; i < count; i++) {
                begins[i] = buffer.getInt(4 + 4 * i);
                ends[i] = buffer.getInt(8 + 4 * i);
            }
            byte[] chars = count == 0 ? new byte[0] : Arrays.copyOfRange(packed, (int) header, packed.length);
            return new Strings(begins, ends, chars);
        }
    }
}
