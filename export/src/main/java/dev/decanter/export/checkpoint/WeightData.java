package dev.decanter.export.checkpoint;

import dev.decanter.export.ExportException;
import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A checkpoint tensor as constant of an IR model, converted piece by piece when it is read, so that a model of any size
 * needs only the memory of a piece. Each read looks for NaN and infinity, and throws {@link ExportException} naming tensor
 * and element if it finds one.
 *
 * <p>From bf16 or f32 to f16, values are rounded to nearest even and clamped to ±65504, as OpenVINO's compression of weights to
 * f16 does; widening is exact.
 */
public final class WeightData implements ConstantData {
    static final float F16_MAX = 65504f;

    /** Elements converted at a time: small enough for the second-level cache. */
    private static final int PIECE = 1 << 15;

    private static final ValueLayout.OfShort BITS16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt BITS32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int F32_EXPONENT = 0x7F800000;

    private final CheckpointTensor tensor;
    private final ElementType target;

    /**
     * A view of a tensor.
     *
     * @param tensor of type f32, f16 or bf16
     * @param target f32 or f16
     */
    public WeightData(CheckpointTensor tensor, ElementType target) {
        this.tensor = tensor;
        this.target = target;
    }

    @Override
    public long byteSize() {
        return target.byteSize(tensor.shape().elements());
    }

    @Override
    public void read(long offset, MemorySegment out) {
        int size = target.bits() / 8;
        long first = offset / size;
        long end = Math.ceilDiv(offset + out.byteSize(), size);
        if (first * size == offset && end * size == offset + out.byteSize()) {
            convert(first, end, out);
        } else {
            MemorySegment whole = MemorySegment.ofArray(new byte[Math.toIntExact((end - first) * size)]);
            convert(first, end, whole);
            MemorySegment.copy(whole, offset - first * size, out, 0, out.byteSize());
        }
    }

    /** The mapped bytes themselves where nothing is to be converted, after a look for NaN and infinity. */
    @Override
    public MemorySegment segment() {
        if (tensor.elementType() != target) {
            return ConstantData.super.segment();
        }
        long elements = tensor.shape().elements();
        for (long at = 0; at < elements; at += PIECE) {
            load(at, (int) Math.min(PIECE, elements - at));
        }
        return tensor.data().asReadOnly();
    }

    private void convert(long first, long end, MemorySegment out) {
        for (long at = first; at < end; at += PIECE) {
            int count = (int) Math.min(PIECE, end - at);
            int[] bits = load(at, count);
            if (target == ElementType.F32) {
                MemorySegment.copy(bits, 0, out, BITS32, (at - first) * Float.BYTES, count);
            } else {
                MemorySegment.copy(toF16(bits), 0, out, BITS16, (at - first) * Short.BYTES, count);
            }
        }
    }

    private static short[] toF16(int[] bits) {
        short[] out = new short[bits.length];
        for (int i = 0; i < bits.length; i++) {
            float value = Float.intBitsToFloat(bits[i]);
            out[i] = Float.floatToFloat16(Math.max(-F16_MAX, Math.min(F16_MAX, value)));
        }
        return out;
    }

    /** Elements as the bits of f32, all of them finite. */
    private int[] load(long at, int count) {
        int[] bits = new int[count];
        if (tensor.elementType() == ElementType.F32) {
            MemorySegment.copy(tensor.data(), BITS32, at * Float.BYTES, bits, 0, count);
        } else {
            short[] half = new short[count];
            MemorySegment.copy(tensor.data(), BITS16, at * Short.BYTES, half, 0, count);
            widen(half, bits, tensor.elementType() == ElementType.BF16);
        }
        checkFinite(bits, at);
        return bits;
    }

    private static void widen(short[] half, int[] bits, boolean bfloat) {
        if (bfloat) {
            for (int i = 0; i < half.length; i++) {
                bits[i] = half[i] << 16;
            }
        } else {
            for (int i = 0; i < half.length; i++) {
                bits[i] = Float.floatToRawIntBits(Float.float16ToFloat(half[i]));
            }
        }
    }

    private void checkFinite(int[] bits, long at) {
        int worst = 0;
        for (int value : bits) {
            worst = Math.max(worst, value & F32_EXPONENT);
        }
        if (worst != F32_EXPONENT) {
            return;
        }
        int i = 0;
        while ((bits[i] & F32_EXPONENT) != F32_EXPONENT) {
            i++;
        }
        throw new ExportException(tensor.file() + ": tensor \"" + tensor.name() + "\" holds "
                + Float.intBitsToFloat(bits[i]) + " at element " + (at + i) + " of shape " + tensor.shape()
                + "; weights must be finite numbers, the checkpoint is damaged");
    }
}
