package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.CodeTable;
import dev.decanter.cpu.kernels.WeightFormat;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.reference.Constants;
import dev.decanter.runtime.reference.ReferenceOps;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** How kernels read the model's element types: themselves, or by a table of what each code stands for. */
final class CodeTables {
    private static final ConcurrentHashMap<ElementType, CodeTable> TABLES = new ConcurrentHashMap<>();

    private CodeTables() {}

    /** The kernels' format of a type; empty if they have none. */
    static Optional<WeightFormat> format(ElementType type) {
        return switch (type) {
            case F32 -> Optional.of(WeightFormat.F32);
            case F16 -> Optional.of(WeightFormat.F16);
            case BF16 -> Optional.of(WeightFormat.BF16);
            case U8 -> Optional.of(WeightFormat.U8);
            case I8 -> Optional.of(WeightFormat.I8);
            case U4 -> Optional.of(WeightFormat.U4);
            case I4 -> Optional.of(WeightFormat.I4);
            case NF4, F4E2M1 -> Optional.of(WeightFormat.CODE4);
            case F8E4M3, F8E5M2, F8E8M0 -> Optional.of(WeightFormat.CODE8);
            default -> Optional.empty();
        };
    }

    /** The numbers of a float type of eight bits or less, which are those of REFERENCE; empty for other types. */
    static Optional<CodeTable> table(ElementType type) {
        return format(type)
                .filter(WeightFormat::coded)
                .map(f -> TABLES.computeIfAbsent(type, t -> {
                    byte[] codes = new byte[(1 << t.bits()) * t.bits() / Byte.SIZE];
                    for (int i = 0; i < codes.length; i++) {
                        codes[i] = (byte) (t.bits() == Byte.SIZE ? i : 2 * i | (2 * i + 1) << 4);
                    }
                    return CodeTable.of(
                            f, floats(Tensor.of(t, Shape.of(1L << t.bits()), MemorySegment.ofArray(codes))));
                }));
    }

    /** The elements of a constant as f32. */
    static float[] numbers(Op.Constant constant) {
        return floats(Constants.tensor(constant));
    }

    private static float[] floats(Tensor tensor) {
        if (tensor.elementType() == ElementType.F32) {
            return tensor.toFloats();
        }
        return ReferenceOps.evaluate(
                        new ShapeOp.Convert(ElementType.F32),
                        "table",
                        List.of(tensor),
                        (type, shape) -> Tensor.of(
                                type, shape, MemorySegment.ofArray(new float[Math.toIntExact(shape.elements())])))
                .getFirst()
                .toFloats();
    }
}
