package dev.decanter.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WeightDataTest {
    private static CheckpointTensor tensor(ElementType type, float... values) {
        MemorySegment data = MemorySegment.ofArray(new byte[values.length * type.bits() / 8]);
        for (int i = 0; i < values.length; i++) {
            switch (type) {
                case F32 -> data.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, values[i]);
                case F16 -> data.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, Float.floatToFloat16(values[i]));
                default ->
                    data.setAtIndex(
                            ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) (Float.floatToRawIntBits(values[i]) >>> 16));
            }
        }
        return new CheckpointTensor("w", type, Shape.of(values.length), data, Path.of("model.safetensors"));
    }

    private static float[] f16(WeightData data) {
        MemorySegment out = data.segment();
        float[] values = new float[(int) (out.byteSize() / 2)];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.float16ToFloat(out.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i));
        }
        return values;
    }

    private static WeightData view(CheckpointTensor tensor, ElementType target) {
        return new WeightData(tensor, target);
    }

    @Test
    void f32IsRoundedToEvenAndClampedToTheRangeOfF16() {
        float step = (float) Math.pow(2, -10);
        CheckpointTensor tensor =
                tensor(ElementType.F32, 1, 1 + step / 2, 1 + 3 * step / 2, 65504, 65519, 65536, -1e30f, 3e-8f, 2e-8f);
        assertThat(f16(view(tensor, ElementType.F16)))
                .containsExactly(1, 1, 1 + 2 * step, 65504, 65504, 65504, -65504, (float) Math.pow(2, -24), 0);
    }

    @Test
    void bf16WidensExactlyToF32() {
        CheckpointTensor tensor = tensor(ElementType.BF16, 1.5f, -3e38f, 1e-40f, 0);
        MemorySegment out = view(tensor, ElementType.F32).segment();
        for (int i = 0; i < 4; i++) {
            int stored = tensor.data().getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i) << 16;
            assertThat(out.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i)).isEqualTo(stored);
        }
    }

    @Test
    void f16PassesItsMappedBytes() {
        CheckpointTensor tensor = tensor(ElementType.F16, 1, 2, 65504, 6e-8f);
        WeightData data = view(tensor, ElementType.F16);
        assertThat(data.segment().heapBase()).isEmpty();
        assertThat(data.segment().mismatch(tensor.data())).isEqualTo(-1);
        assertThat(data.byteSize()).isEqualTo(8);
    }

    @Test
    void anyRangeOfBytesReadsAsTheWholeDoes() {
        Random random = new Random(7);
        float[] values = new float[100_003];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        for (ElementType target : new ElementType[] {ElementType.F16, ElementType.F32, ElementType.BF16}) {
            WeightData data = view(tensor(ElementType.BF16, values), target);
            MemorySegment whole = data.segment();
            for (long[] range : new long[][] {{0, 2}, {1, 6}, {3, 65_539}, {40_000, 77_777}, {100_001, 100_004}}) {
                MemorySegment part = MemorySegment.ofArray(new byte[(int) (range[1] - range[0])]);
                data.read(range[0], part);
                assertThat(part.mismatch(whole.asSlice(range[0], part.byteSize())))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void nanAndInfinityAreRefusedByTensorAndElement() {
        for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F16, ElementType.BF16}) {
            for (ElementType target : new ElementType[] {ElementType.F16, ElementType.F32}) {
                WeightData data = view(tensor(type, 0, 1, Float.NEGATIVE_INFINITY, 2), target);
                assertThatThrownBy(data::segment)
                        .isInstanceOf(SafetensorsException.class)
                        .hasMessageContainingAll("model.safetensors", "\"w\" holds -Infinity at element 2");
                assertThatThrownBy(
                                () -> view(tensor(type, 0, Float.NaN), target).segment())
                        .hasMessageContaining("\"w\" holds NaN at element 1");
            }
        }
    }
}
