package dev.decanter.export.checkpoint;

import dev.decanter.export.ExportException;
import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.safetensors.CheckpointTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Scales [groups, outputs] of a checkpoint as a constant [outputs, groups], in which groups may come in another order. */
final class TransposedScales implements ConstantData {
    private static final ValueLayout.OfShort BITS16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat BITS32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final CheckpointTensor scales;
    private final ElementType target;
    private final int outputs;
    private final int[] groups;

    /**
     * A transposed view.
     *
     * @param scales f16, bf16 or f32 [groups, outputs]
     * @param target f16 if the scales are, else f32: nothing is rounded
     * @param groups the group of the checkpoint that each column is
     */
    TransposedScales(CheckpointTensor scales, ElementType target, int outputs, int[] groups) {
        this.scales = scales;
        this.target = target;
        this.outputs = outputs;
        this.groups = groups;
    }

    @Override
    public long byteSize() {
        return target.byteSize((long) outputs * groups.length);
    }

    @Override
    public void read(long offset, MemorySegment out) {
        int size = target.bits() / 8;
        long first = offset / size;
        long end = Math.ceilDiv(offset + out.byteSize(), size);
        MemorySegment whole = MemorySegment.ofArray(new byte[Math.toIntExact((end - first) * size)]);
        for (long i = first; i < end; i++) {
            float value = scale(i / groups.length, (int) (i % groups.length));
            if (target == ElementType.F16) {
                whole.set(BITS16, (i - first) * size, Float.floatToFloat16(value));
            } else {
                whole.set(BITS32, (i - first) * size, value);
            }
        }
        MemorySegment.copy(whole, offset - first * size, out, 0, out.byteSize());
    }

    private float scale(long output, int column) {
        long at = (long) groups[column] * outputs + output;
        float value = switch (scales.elementType()) {
            case F16 -> Float.float16ToFloat(scales.data().get(BITS16, at * Short.BYTES));
            case BF16 -> Float.intBitsToFloat(scales.data().get(BITS16, at * Short.BYTES) << Short.SIZE);
            default -> scales.data().get(BITS32, at * Float.BYTES);
        };
        if (!Float.isFinite(value)) {
            throw new ExportException(scales.file() + ": tensor \"" + scales.name() + "\" holds " + value
                    + " at element " + at + " of shape " + scales.shape()
                    + "; scales must be finite numbers, the checkpoint is damaged");
        }
        return value;
    }
}
