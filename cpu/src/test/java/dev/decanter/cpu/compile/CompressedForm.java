package dev.decanter.cpu.compile;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** The ways in which files keep compressed weights, as graphs of random contents. */
enum CompressedForm {
    INT8_ASYM(ElementType.U8, ElementType.U8),
    INT8_SYM(ElementType.I8, ElementType.DYNAMIC),
    INT8_SIGNED_ZERO(ElementType.I8, ElementType.I8),
    INT4_ASYM(ElementType.U4, ElementType.U4),
    INT4_SYM(ElementType.I4, ElementType.DYNAMIC),
    INT4_SIGNED_ZERO(ElementType.I4, ElementType.I4),
    INT4_WIDE_ZERO(ElementType.U4, ElementType.U8),
    INT4_FLOAT_ZERO(ElementType.U4, ElementType.F16),
    NF4(ElementType.NF4, ElementType.DYNAMIC),
    FP4(ElementType.F4E2M1, ElementType.DYNAMIC),
    MXFP4(ElementType.F4E2M1, ElementType.DYNAMIC),
    NVFP4(ElementType.F4E2M1, ElementType.DYNAMIC),
    FP8(ElementType.F8E4M3, ElementType.DYNAMIC),
    FP8_WIDE(ElementType.F8E5M2, ElementType.DYNAMIC),
    MXFP8(ElementType.F8E4M3, ElementType.DYNAMIC),
    CB4(ElementType.U4, ElementType.DYNAMIC),
    CODEBOOK8(ElementType.U8, ElementType.DYNAMIC);

    final ElementType codes;
    final ElementType zeros;

    CompressedForm(ElementType codes, ElementType zeros) {
        this.codes = codes;
        this.zeros = zeros;
    }

    /**
     * What a weight looks like.
     *
     * @param stored shape of the codes
     * @param entries shape of scales and zero points
     * @param value shape of the result
     * @param scale type of scales that are plain floats
     * @param narrow type in which the graph declares the arithmetic
     */
    record Layout(Shape stored, Shape entries, Shape value, ElementType scale, ElementType narrow) {}

    /** The value in the layout's narrow type. */
    Output build(Graph g, Random random, Layout layout) {
        Output w = numbers(g, random, layout);
        if (zeros != ElementType.DYNAMIC) {
            Tensor zero = zeros.isFloat()
                    ? floats(random, zeros, layout.entries, 0, 15)
                    : codes(random, zeros, layout.entries);
            w = g.op(new BinaryOp.Subtract(), w, to(g, layout.narrow, g.constant(zero)));
        }
        w = g.op(new BinaryOp.Multiply(), w, to(g, layout.narrow, scale(g, random, layout)));
        return layout.stored.equals(layout.value)
                ? w
                : g.op(new ShapeOp.Reshape(false), w, g.longs(layout.value.dims()));
    }

    private Output numbers(Graph g, Random random, Layout layout) {
        Output codes = g.constant(codes(random, this.codes, layout.stored));
        return switch (this) {
            case CB4 -> {
                Output book = g.constant(codes(random, ElementType.F8E4M3, Shape.of(16)));
                Output index = g.op(new ShapeOp.Convert(ElementType.U8), codes);
                yield g.op(new GatherScatterOp.Gather(0), to(g, layout.narrow, book), index, g.scalar(0));
            }
            case CODEBOOK8 -> {
                Output book = g.constant(floats(random, ElementType.F16, Shape.of(200), -1, 1));
                yield g.op(new GatherScatterOp.Gather(0), to(g, layout.narrow, book), codes, g.scalar(0));
            }
            default -> to(g, layout.narrow, codes);
        };
    }

    private Output scale(Graph g, Random random, Layout layout) {
        return switch (this) {
            case MXFP4, MXFP8 -> g.constant(codes(random, ElementType.F8E8M0, layout.entries));
            case NVFP4 -> {
                Output scale = g.constant(codes(random, ElementType.F8E4M3, layout.entries));
                // the two products of scales are computed in f32, then narrowed with the rest
                Output all = g.floats(Shape.SCALAR, 0.0123f);
                yield g.op(new BinaryOp.Multiply(), to(g, ElementType.F32, scale), all);
            }
            default -> g.constant(floats(random, layout.scale, layout.entries, 0.01f, 0.03f));
        };
    }

    static Output to(Graph g, ElementType type, Output value) {
        return value.elementType() == type ? value : g.op(new ShapeOp.Convert(type), value);
    }

    /** Random codes; no infinity or NaN, and powers of two near 1. */
    static Tensor codes(Random random, ElementType type, Shape shape) {
        byte[] bytes = new byte[(int) type.byteSize(shape.elements())];
        random.nextBytes(bytes);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = switch (type) {
                case F8E8M0 -> (byte) (120 + random.nextInt(8));
                case F8E4M3 -> (bytes[i] & 0x7f) == 0x7f ? 0 : bytes[i];
                case F8E5M2 -> (bytes[i] & 0x7f) >= 0x7c ? 0 : bytes[i];
                default -> bytes[i];
            };
        }
        return Tensor.of(type, shape, MemorySegment.ofArray(bytes));
    }

    /** Random numbers between two limits. */
    static Tensor floats(Random random, ElementType type, Shape shape, float low, float high) {
        int n = (int) shape.elements();
        float[] wide = new float[n];
        short[] half = new short[n];
        for (int i = 0; i < n; i++) {
            wide[i] = low + (high - low) * random.nextFloat();
            half[i] = type == ElementType.BF16
                    ? (short) (Float.floatToRawIntBits(wide[i]) >>> 16)
                    : Float.floatToFloat16(wide[i]);
        }
        return Tensor.of(
                type, shape, type == ElementType.F32 ? MemorySegment.ofArray(wide) : MemorySegment.ofArray(half));
    }
}
