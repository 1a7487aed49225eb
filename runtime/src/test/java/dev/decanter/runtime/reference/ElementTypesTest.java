package dev.decanter.runtime.reference;

import static dev.decanter.runtime.reference.Evaluated.assertIs;
import static dev.decanter.runtime.reference.Evaluated.converted;
import static dev.decanter.runtime.reference.Evaluated.f32;
import static dev.decanter.runtime.reference.Evaluated.i64;
import static dev.decanter.runtime.reference.Evaluated.numbers;
import static dev.decanter.runtime.reference.Evaluated.typed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ElementTypesTest {
    private static final double INF = Double.POSITIVE_INFINITY;
    private static final double NAN = Double.NaN;

    private static Tensor bytes(ElementType type, int count, int... bytes) {
        byte[] all = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            all[i] = (byte) bytes[i];
        }
        return Tensor.of(type, Shape.of(count), MemorySegment.ofArray(all));
    }

    private static int[] raw(Tensor tensor) {
        byte[] bytes = tensor.memory().toArray(ValueLayout.JAVA_BYTE);
        int[] out = new int[bytes.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = bytes[i] & 0xff;
        }
        return out;
    }

    @Test
    void truncatesAndSaturatesFromFloatToInteger() {
        Tensor in = f32(2.9, -2.9, 300, -300, 1e20, -INF, NAN, -0.5);
        assertIs(converted(in, ElementType.I8), Shape.of(8), 2, -2, 127, -128, 127, -128, 0, 0);
        assertIs(converted(in, ElementType.U8), Shape.of(8), 2, 0, 255, 0, 255, 0, 0, 0);
        assertIs(converted(in, ElementType.I4), Shape.of(8), 2, -2, 7, -8, 7, -8, 0, 0);
        assertIs(
                converted(in, ElementType.I32),
                Shape.of(8),
                2,
                -2,
                300,
                -300,
                Integer.MAX_VALUE,
                Integer.MIN_VALUE,
                0,
                0);
        assertThat(converted(in, ElementType.I64).toLongs())
                .containsExactly(2, -2, 300, -300, Long.MAX_VALUE, Long.MIN_VALUE, 0, 0);
        assertIs(converted(in, ElementType.BOOLEAN), Shape.of(8), 1, 1, 1, 1, 1, 1, 1, 1);
        assertIs(converted(f32(0, -0.0), ElementType.BOOLEAN), Shape.of(2), 0, 0);
        assertIs(converted(f32(1e19, 2e19, -1), ElementType.U64), Shape.of(3), 1e19f, 0x1p64, 0);
    }

    @Test
    void wrapsFromIntegerToInteger() {
        Tensor in = i64(300, -1, 128, 1L << 40);
        assertIs(converted(in, ElementType.I8), Shape.of(4), 44, -1, -128, 0);
        assertIs(converted(in, ElementType.U8), Shape.of(4), 44, 255, 128, 0);
        assertIs(converted(in, ElementType.U32), Shape.of(4), 300, 4294967295.0, 128, 0);
        assertIs(converted(in, ElementType.U4), Shape.of(4), 12, 15, 0, 0);
        assertIs(converted(in, ElementType.BOOLEAN), Shape.of(4), 1, 1, 1, 1);
    }

    /** From numpy: {@code np.float32(x).astype(np.float16)}. */
    @Test
    void roundsHalfFloatsToNearestEven() {
        Tensor in = f32(1.00048828125, 1.00146484375, 65519, 65520, 5.9604645e-8, 2.9802322e-8, 2.98023260e-8, -INF);
        assertIs(converted(in, ElementType.F16), Shape.of(8), 1, 1.001953125, 65504, INF, 0x1p-24, 0, 0x1p-24, -INF);
    }

    @Test
    void roundsBrainFloatsToNearestEven() {
        // 8 bits of precision: 1 + 2^-8 is half way between 1 and 1 + 2^-7
        Tensor in = f32(1.00390625, 1.01171875, 1.004, 3.39e38, NAN);
        assertIs(converted(in, ElementType.BF16), Shape.of(5), 1, 1.015625, 1.0078125, 0x1.fep127, NAN);
    }

    @Test
    void keepsLargeIntegersExact() {
        long odd = (1L << 53) + 1;
        assertThat(converted(converted(i64(odd, -odd), ElementType.U64), ElementType.I64)
                        .toLongs())
                .containsExactly(odd, -odd);
        // straight to float: by way of double the tie would be lost and round down
        long nearTie = (1L << 60) + (1L << 36) + 1;
        assertThat(converted(i64(nearTie), ElementType.F32).toFloats()).containsExactly(0x1.000002p60f);
        assertIs(converted(converted(i64(-1), ElementType.U64), ElementType.F32), Shape.of(1), 0x1p64);
    }

    @Test
    void unpacksTheLowNibbleFirst() {
        assertIs(bytes(ElementType.U4, 3, 0x21, 0x0f), Shape.of(3), 1, 2, 15);
        assertIs(bytes(ElementType.I4, 4, 0x7f, 0x98), Shape.of(4), -1, 7, -8, -7);
        assertThat(raw(typed(ElementType.I4, Shape.of(4), -1, 7, -8, -7))).containsExactly(0x7f, 0x98);
        assertThat(raw(converted(f32(1, 2, 15), ElementType.U4))).containsExactly(0x21, 0x0f);
    }

    @Test
    void unpacksBitStreams() {
        assertIs(bytes(ElementType.U1, 10, 0b1010_0001, 0b0100_0000), Shape.of(10), 1, 0, 1, 0, 0, 0, 0, 1, 0, 1);
        assertIs(bytes(ElementType.U2, 5, 0b11_10_01_00, 0b10), Shape.of(5), 0, 1, 2, 3, 2);
        // 1, 2, 3, 4, 5 in three bits each: 101 100 011 010 001
        assertIs(bytes(ElementType.U3, 5, 0b11_010_001, 0b0_101_100_0), Shape.of(5), 1, 2, 3, 4, 5);
        assertIs(bytes(ElementType.U6, 3, 0b01_000001, 0b0011_0000, 0b10), Shape.of(3), 1, 1, 35);
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"U1", "U2", "U3", "U4", "U6", "I4"})
    void packsWhatItUnpacks(ElementType type) {
        double[] in = new double[29];
        for (int i = 0; i < in.length; i++) {
            in[i] = type == ElementType.I4 ? i * 5 % 16 - 8 : i * 5 % (1 << type.bits());
        }
        assertThat(numbers(typed(type, Shape.of(in.length), in))).containsExactly(in);
    }

    @Test
    void readsSmallFloats() {
        assertIs(
                bytes(ElementType.F4E2M1, 16, 0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe),
                Shape.of(16),
                0,
                0.5,
                1,
                1.5,
                2,
                3,
                4,
                6,
                -0.0,
                -0.5,
                -1,
                -1.5,
                -2,
                -3,
                -4,
                -6);
        assertIs(
                bytes(ElementType.F8E4M3, 7, 0x38, 0x7e, 0xfe, 0x01, 0x08, 0x7f, 0xb9),
                Shape.of(7),
                1,
                448,
                -448,
                0x1p-9,
                0x1p-6,
                NAN,
                -1.125);
        assertIs(
                bytes(ElementType.F8E5M2, 6, 0x3c, 0x7b, 0x7c, 0xfc, 0x7e, 0x01),
                Shape.of(6),
                1,
                57344,
                INF,
                -INF,
                NAN,
                0x1p-16);
        assertIs(bytes(ElementType.F8E8M0, 5, 127, 128, 0, 254, 255), Shape.of(5), 1, 2, 0x1p-127, 0x1p127, NAN);
        assertIs(bytes(ElementType.NF4, 4, 0x70, 0xf8), Shape.of(4), -1, 0, 0.0795803f, 1);
    }

    @Test
    void writesSmallFloatsToNearestEven() {
        Tensor in = f32(0.25, 0.75, 1.25, 2.5, 5, 100, -0.3, -3.5);
        assertIs(converted(in, ElementType.F4E2M1), Shape.of(8), 0, 1, 1, 2, 4, 6, -0.5, -4);
        Tensor wide = f32(1.0625, 1.1875, 464, 465, 0x1p-10, 0x1.8p-10, -17, NAN);
        assertIs(converted(wide, ElementType.F8E4M3), Shape.of(8), 1, 1.25, 448, NAN, 0, 0x1p-9, -16, NAN);
        Tensor wider = f32(1.125, 1.375, 61439, 61440, -INF, NAN);
        assertIs(converted(wider, ElementType.F8E5M2), Shape.of(6), 1, 1.5, 57344, INF, -INF, NAN);
        assertIs(converted(f32(0.9, -0.85, 0.04, 7), ElementType.NF4), Shape.of(4), 1, -1, 0.0795803f, 1);
        // halves go to the code of even exponent field: 1.5 lies between 127 and 128, 3 between 128 and 129
        assertIs(converted(f32(1.5, 3, 5, 0x1p-127), ElementType.F8E8M0), Shape.of(4), 2, 2, 4, 0x1p-127);
    }

    /** What OpenVINO's conversions make of the inputs for which nearest does not say enough. */
    @Test
    void writesSmallFloatsAtTheEdges() {
        assertIs(converted(f32(NAN, 1e30, -INF), ElementType.F4E2M1), Shape.of(3), 6, 6, -6);
        assertIs(converted(f32(-5, 0, INF, NAN), ElementType.F8E8M0), Shape.of(4), 0x1p-127, 0x1p-127, 0x1p127, NAN);
        // 0.03979015 is half of the first positive number
        assertIs(converted(f32(0.03979015f, 0.039790154f, NAN), ElementType.NF4), Shape.of(3), 0, 0.0795803f, -1);
    }

    /** From OpenVINO's tables: all codes of f8e4m3 from 0 to 0x7f by exponent, and NaN of both signs. */
    @Test
    void readsEveryCodeOfF8e4m3() {
        int[] codes = new int[256];
        double[] expected = new double[256];
        for (int code = 0; code < 256; code++) {
            codes[code] = code;
            int exponent = code >> 3 & 15;
            double magnitude = exponent == 0 ? (code & 7) * 0x1p-9 : (8 + (code & 7)) * Math.scalb(1.0, exponent - 10);
            expected[code] = (code & 0x7f) == 0x7f ? NAN : code < 128 ? magnitude : -magnitude;
        }
        assertIs(bytes(ElementType.F8E4M3, 256, codes), Shape.of(256), expected);
    }

    /** Every value of a small type goes to f32 and back. */
    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F8E4M3", "F8E5M2", "F8E8M0", "F4E2M1", "NF4", "U4", "I4", "I8", "U8"})
    void roundsEveryCodeToItself(ElementType type) {
        int codes = 1 << type.bits();
        int[] all = new int[codes * type.bits() / 8];
        for (int code = 0; code < codes; code++) {
            all[code * type.bits() / 8] |= code << (code * type.bits() % 8);
        }
        Tensor tensor = bytes(type, codes, all);
        Tensor back = converted(converted(tensor, ElementType.F32), type);
        double[] expected = numbers(tensor);
        assertThat(numbers(back)).containsExactly(expected);
        assertThat(Arrays.stream(expected).distinct().count()).isGreaterThan(codes - 7);
    }

    @ParameterizedTest
    @CsvSource({"F64, 8", "U16, 2", "I16, 2", "U32, 4"})
    void readsUnalignedMemory(ElementType type, int bytes) {
        MemorySegment memory = MemorySegment.ofArray(new byte[3 * bytes + 1]);
        Tensor tensor = Tensor.of(type, Shape.of(3), memory.asSlice(1));
        Elements.of(tensor).putDouble(2, 7);
        assertThat(numbers(tensor)).containsExactly(0, 0, 7);
    }
}
