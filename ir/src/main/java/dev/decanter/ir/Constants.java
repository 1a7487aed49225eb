package dev.decanter.ir;

import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Reads small constants of a graph as Java numbers, and makes such constants.
 *
 * {@snippet :
 * Node axes = Constants.integers(ElementType.I64, "axes", Shape.of(2), 0, -1);
 * long[] values = Constants.integers(axes.output()).orElseThrow(); // {0, -1}
 * Node scale = Constants.numbers(ElementType.F16, "scale", Shape.SCALAR, 0.125);
 * double value = Constants.numbers(scale.output()).orElseThrow()[0];
 * }
 */
public final class Constants {
    /** Constants with more elements than this are data, not parameters of the graph; they are not read here. */
    public static final int MOST_ELEMENTS = 1 << 16;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Constants() {}

    /**
     * The elements of a constant of integers or booleans (0 and 1), also behind Converts between such types. Empty if
     * {@code output} is something else or has more than {@link #MOST_ELEMENTS}.
     */
    public static Optional<long[]> integers(Output output) {
        Op op = output.node().op();
        if (op instanceof ShapeOp.Convert convert) {
            if (!isWhole(convert.destinationType())) {
                return Optional.empty();
            }
            Optional<long[]> source = integers(output.node().input(0));
            if (source.isPresent() && convert.destinationType() == ElementType.BOOLEAN) {
                long[] values = source.get();
                for (int i = 0; i < values.length; i++) {
                    values[i] = values[i] == 0 ? 0 : 1;
                }
            }
            return source;
        }
        return op instanceof Op.Constant constant && isReadable(constant) && isWhole(constant.elementType())
                ? Optional.of(readLongs(constant))
                : Optional.empty();
    }

    /** The one element of a constant as {@link #integers} reads it; empty if there is not just one. */
    public static Optional<Long> integer(Output output) {
        return integers(output).filter(v -> v.length == 1).map(v -> v[0]);
    }

    /**
     * The elements of a numeric constant of eight bits or more an element, also behind Converts, rounded as those do.
     * Empty if {@code output} is something else or has more than {@link #MOST_ELEMENTS}.
     */
    public static Optional<double[]> numbers(Output output) {
        Op op = output.node().op();
        if (op instanceof ShapeOp.Convert convert) {
            return numbers(output.node().input(0)).map(values -> rounded(values, convert.destinationType()));
        }
        if (!(op instanceof Op.Constant constant) || !isReadable(constant)) {
            return Optional.empty();
        }
        return switch (constant.elementType()) {
            case F64, F32, F16, BF16 -> Optional.of(readDoubles(constant));
            default -> integers(output).map(Constants::toDoubles);
        };
    }

    /** The one element of a constant as {@link #numbers} reads it; empty if there is not just one. */
    public static Optional<Double> number(Output output) {
        return numbers(output).filter(v -> v.length == 1).map(v -> v[0]);
    }

    private static boolean isWhole(ElementType type) {
        return type == ElementType.BOOLEAN || (type.isInteger() && type.bits() >= 8);
    }

    private static boolean isReadable(Op.Constant constant) {
        return constant.elementType() != ElementType.STRING && constant.shape().elements() <= MOST_ELEMENTS;
    }

    private static MemorySegment bytes(Op.Constant constant) {
        MemorySegment memory =
                MemorySegment.ofArray(new byte[(int) constant.data().byteSize()]);
        constant.data().read(0, memory);
        return memory;
    }

    private static long[] readLongs(Op.Constant constant) {
        MemorySegment memory = bytes(constant);
        long[] values = new long[(int) constant.shape().elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (constant.elementType()) {
                case I8 -> memory.get(ValueLayout.JAVA_BYTE, i);
                case U8 -> Byte.toUnsignedLong(memory.get(ValueLayout.JAVA_BYTE, i));
                case I16 -> memory.get(SHORT, 2L * i);
                case U16 -> Short.toUnsignedLong(memory.get(SHORT, 2L * i));
                case I32 -> memory.get(INT, 4L * i);
                case U32 -> Integer.toUnsignedLong(memory.get(INT, 4L * i));
                case I64, U64 -> memory.get(LONG, 8L * i);
                case BOOLEAN -> memory.get(ValueLayout.JAVA_BYTE, i) == 0 ? 0 : 1;
                default ->
                    throw new IllegalStateException(constant.elementType().irName());
            };
        }
        return values;
    }

    private static double[] readDoubles(Op.Constant constant) {
        MemorySegment memory = bytes(constant);
        double[] values = new double[(int) constant.shape().elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (constant.elementType()) {
                case F64 -> memory.get(DOUBLE, 8L * i);
                case F32 -> memory.get(FLOAT, 4L * i);
                case F16 -> Float.float16ToFloat(memory.get(SHORT, 2L * i));
                case BF16 -> Float.intBitsToFloat(memory.get(SHORT, 2L * i) << 16);
                default ->
                    throw new IllegalStateException(constant.elementType().irName());
            };
        }
        return values;
    }

    private static double[] toDoubles(long[] values) {
        double[] out = new double[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = values[i];
        }
        return out;
    }

    private static double[] rounded(double[] values, ElementType type) {
        for (int i = 0; i < values.length; i++) {
            double value = values[i];
            values[i] = switch (type) {
                case F32 -> (float) value;
                case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
                case BF16 -> Float.intBitsToFloat(toBf16((float) value) << 16);
                case BOOLEAN -> value == 0 ? 0 : 1;
                case I8 -> Math.clamp((long) value, Byte.MIN_VALUE, Byte.MAX_VALUE);
                case U8 -> Math.clamp((long) value, 0, 0xff);
                case I16 -> Math.clamp((long) value, Short.MIN_VALUE, Short.MAX_VALUE);
                case U16 -> Math.clamp((long) value, 0, 0xffff);
                case I32 -> (int) value;
                case I64 -> (long) value;
                case U32 -> Math.clamp((long) value, 0L, 0xffff_ffffL);
                default -> value;
            };
        }
        return values;
    }

    /** Nearest, ties to even; the sign and a NaN are kept. */
    private static short toBf16(float value) {
        int bits = Float.floatToIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    /**
     * A constant of integers or booleans.
     *
     * @throws IrException if the type is no integer of eight bits or more, the number of values is not the shape's, or a
     *     value is out of the type's range
     */
    public static Node integers(ElementType type, String name, Shape shape, long... values) {
        if (!isWhole(type)) {
            throw new IrException("layer \"" + name + "\": no integer constant can be made of type " + type.irName());
        }
        check(name, shape, values.length);
        MemorySegment memory = MemorySegment.ofArray(new byte[(int) type.byteSize(values.length)]);
        for (int i = 0; i < values.length; i++) {
            if (!fits(type, values[i])) {
                throw new IrException(
                        "layer \"" + name + "\": " + values[i] + " is out of the range of " + type.irName());
            }
            switch (type.bits()) {
                case 8 -> memory.set(ValueLayout.JAVA_BYTE, i, (byte) values[i]);
                case 16 -> memory.set(SHORT, 2L * i, (short) values[i]);
                case 32 -> memory.set(INT, 4L * i, (int) values[i]);
                default -> memory.set(LONG, 8L * i, values[i]);
            }
        }
        return Node.of(Op.Constant.of(type, shape, memory), name);
    }

    private static boolean fits(ElementType type, long value) {
        if (type == ElementType.BOOLEAN) {
            return value == 0 || value == 1;
        }
        boolean signed = type.irName().startsWith("i");
        if (type.bits() == 64) {
            return signed || value >= 0;
        }
        int bits = signed ? type.bits() - 1 : type.bits();
        long most = (1L << bits) - 1;
        return value <= most && value >= (signed ? -most - 1 : 0);
    }

    /** An i64 vector. */
    public static Node vector(String name, long... values) {
        return integers(ElementType.I64, name, Shape.of(values.length), values);
    }

    /** An i64 scalar. */
    public static Node scalar(String name, long value) {
        return integers(ElementType.I64, name, Shape.SCALAR, value);
    }

    /**
     * A constant of type f64, f32, f16 or bf16, rounded to nearest.
     *
     * @throws IrException if the type is another one or the number of values is not the shape's
     */
    public static Node numbers(ElementType type, String name, Shape shape, double... values) {
        check(name, shape, values.length);
        if (type != ElementType.F64 && type != ElementType.F32 && type != ElementType.F16 && type != ElementType.BF16) {
            throw new IrException(
                    "layer \"" + name + "\": no constant of numbers can be made of type " + type.irName());
        }
        MemorySegment memory = MemorySegment.ofArray(new byte[(int) type.byteSize(values.length)]);
        for (int i = 0; i < values.length; i++) {
            switch (type) {
                case F64 -> memory.set(DOUBLE, 8L * i, values[i]);
                case F32 -> memory.set(FLOAT, 4L * i, (float) values[i]);
                case F16 -> memory.set(SHORT, 2L * i, Float.floatToFloat16((float) values[i]));
                default -> memory.set(SHORT, 2L * i, toBf16((float) values[i]));
            }
        }
        return Node.of(Op.Constant.of(type, shape, memory), name);
    }

    private static void check(String name, Shape shape, int values) {
        if (shape.elements() != values) {
            throw new IrException("layer \"" + name + "\": shape " + shape + " does not hold " + values + " values");
        }
    }
}
