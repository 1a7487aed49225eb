package dev.decanter.safetensors;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A checkpoint tensor as constant of an IR model, converted piece by piece when it is read, so that a model of any size
 * needs only the memory of a piece. Each read looks for NaN and infinity, and throws {@link SafetensorsException} naming tensor
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
     * @param target f32 or f16, or bf16 if the tensor has that type
     */
    public WeightData(CheckpointTensor tensor, ElementType target) {
        if (target == ElementType.BF16 && tensor.elementType() != ElementType.BF16) {
            throw new IllegalArgumentException(
                    "bf16 is not made from " + tensor.elementType().irName());
        }
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

    @Override
    public boolean isInMemory() {
        return tensor.elementType() == target;
    }

    /** The mapped bytes themselves where nothing is to be converted, after a look for NaN and infinity. */
    @Override
    public MemorySegment segment() {
        if (tensor.elementType() != target) {
            return ConstantData.super.segment();
        }
        long elements = tensor.shape().elements();
        Piece piece = new Piece(elements);
        for (long at = 0; at < elements; at += PIECE) {
            load(at, (int) Math.min(PIECE, elements - at), piece);
        }
        return tensor.data().asReadOnly();
    }

    /** Arrays for the elements of a piece, used again for each piece of a read. */
    private static final class Piece {
        final int[] bits;
        final short[] half;

        Piece(long elements) {
            bits = new int[(int) Math.min(PIECE, elements)];
            half = new short[bits.length];
        }
    }

    private void convert(long first, long end, MemorySegment out) {
        Piece piece = new Piece(end - first);
        for (long at = first; at < end; at += PIECE) {
            int count = (int) Math.min(PIECE, end - at);
            load(at, count, piece);
            if (target == ElementType.F32) {
                MemorySegment.copy(piece.bits, 0, out, BITS32, (at - first) * Float.BYTES, count);
            } else {
                if (target == ElementType.F16) {
                    narrow(piece.bits, piece.half, count);
                }
                MemorySegment.copy(piece.half, 0, out, BITS16, (at - first) * Short.BYTES, count);
            }
        }
    }

    private static void narrow(int[] bits, short[] half, int count) {
        for (int i = 0; i < count; i++) {
            float value = Float.intBitsToFloat(bits[i]);
            half[i] = Float.floatToFloat16(Math.max(-F16_MAX, Math.min(F16_MAX, value)));
        }
    }

    /** Elements as the bits of f32, all of them finite. */
    private void load(long at, int count, Piece piece) {
        if (tensor.elementType() == ElementType.F32) {
            MemorySegment.copy(tensor.data(), BITS32, at * Float.BYTES, piece.bits, 0, count);
        } else {
            MemorySegment.copy(tensor.data(), BITS16, at * Short.BYTES, piece.half, 0, count);
            widen(piece.half, piece.bits, count, tensor.elementType() == ElementType.BF16);
        }
        checkFinite(piece.bits, count, at);
    }

    private static void widen(short[] half, int[] bits, int count, boolean bfloat) {
        if (bfloat) {
            for (int i = 0; i < count; i++) {
                bits[i] = half[i] << 16;
            }
        } else {
            for (int i = 0; i < count; i++) {
                bits[i] = Float.floatToRawIntBits(Float.float16ToFloat(half[i]));
            }
        }
    }

    private void checkFinite(int[] bits, int count, long at) {
        int worst = 0;
        for (int i = 0; i < count; i++) {
            worst = Math.max(worst, bits[i] & F32_EXPONENT);
        }
        if (worst != F32_EXPONENT) {
            return;
        }
        int i = 0;
        while ((bits[i] & F32_EXPONENT) != F32_EXPONENT) {
            i++;
        }
        throw new SafetensorsException(tensor.file() + ": tensor \"" + tensor.name() + "\" holds "
                + Float.intBitsToFloat(bits[i]) + " at element " + (at + i) + " of shape " + tensor.shape()
                + "; weights must be finite numbers, the checkpoint is damaged");
    }
}
