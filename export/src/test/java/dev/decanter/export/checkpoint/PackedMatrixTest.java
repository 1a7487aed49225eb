package dev.decanter.export.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.ir.ConstantData;
import dev.decanter.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Matrices of many tiles, read in pieces that begin and end anywhere. */
class PackedMatrixTest {
    private static final int[] AWQ_ORDER = {0, 2, 4, 6, 1, 3, 5, 7};

    @TempDir
    Path folder;

    private final Random random = new Random(7);

    static Stream<Arguments> layouts() {
        return Stream.of(
                Arguments.of("gptq_v2", 4, 1536, 728, 104),
                Arguments.of("gptq_v2", 4, 264, 2440, 2440),
                Arguments.of("gptq_v2", 8, 1028, 1212, 12),
                Arguments.of("gemm", 4, 2056, 1287, 99),
                Arguments.of("gemm", 4, 8, 33, 11));
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void everyPieceHasTheCodesOfItsPlace(String layout, int bits, int outputs, int inputs, int groupSize)
            throws IOException {
        boolean awq = layout.equals("gemm");
        int perWord = 32 / bits;
        int groups = Math.ceilDiv(inputs, groupSize);
        int[] words = random.ints(awq ? (long) inputs * outputs / 8 : (long) inputs / perWord * outputs)
                .toArray();
        int[] zeroWords = random.ints((long) groups * outputs / perWord).toArray();
        float[] scales = new float[groups * outputs];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = i % 2048;
        }
        SafetensorsWriter file = new SafetensorsWriter()
                .add("m.qweight", "I32", bytes(words), awq ? inputs : inputs / perWord, awq ? outputs / 8 : outputs)
                .add("m.qzeros", "I32", bytes(zeroWords), groups, outputs / perWord)
                .f16("m.scales", scales, groups, outputs);
        // input i belongs to group (i · 5) / groupSize, counted around
        int[] groupOf = new int[inputs];
        Integer[] order = new Integer[inputs];
        for (int i = 0; i < inputs; i++) {
            groupOf[i] = awq ? i / groupSize : (int) (i * 5L % inputs) / groupSize;
            order[i] = i;
        }
        Arrays.sort(order, (a, b) -> Integer.compare(groupOf[a], groupOf[b]));
        if (!awq) {
            file.add("m.g_idx", "I32", bytes(groupOf), inputs);
        }
        file.write(folder.resolve("model.safetensors"));
        Files.writeString(
                folder.resolve("config.json"),
                JsonMapper.builder()
                        .build()
                        .writeValueAsString(Map.of(
                                "quantization_config",
                                Map.of(
                                        "quant_method",
                                        awq ? "awq" : "gptq",
                                        awq ? "version" : "checkpoint_format",
                                        layout,
                                        "bits",
                                        bits,
                                        "group_size",
                                        groupSize,
                                        "desc_act",
                                        true))));

        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            QuantizationConfig config = QuantizationConfig.find(folder, ModelConfig.read(folder), checkpoint)
                    .orElseThrow();
            PackedMatrix matrix = PackedMatrix.take(checkpoint, config, "m", outputs, inputs);
            int mask = (1 << bits) - 1;
            byte[] codes = new byte[outputs * inputs];
            for (int o = 0; o < outputs; o++) {
                for (int column = 0; column < inputs; column++) {
                    int i = order[column];
                    int code =
                            awq ? awq(words, outputs, i, o) : words[i / perWord * outputs + o] >>> (i % perWord * bits);
                    codes[o * inputs + column] = (byte) (code & mask);
                }
            }
            byte[] zeros = new byte[outputs * groups];
            float[] turned = new float[outputs * groups];
            for (int o = 0; o < outputs; o++) {
                for (int g = 0; g < groups; g++) {
                    int zero = awq
                            ? awq(zeroWords, outputs, g, o)
                            : zeroWords[(g * outputs + o) / perWord] >>> (o % perWord * bits);
                    zeros[o * groups + g] = (byte) (zero & mask);
                    turned[o * groups + g] = scales[g * outputs + o];
                }
            }
            assertThat(matrix.groups()).isEqualTo(groups);
            int[] natural = IntStream.range(0, inputs).toArray();
            int[] expected = Arrays.stream(order).mapToInt(i -> i).toArray();
            assertThat(matrix.inputOrder().orElse(natural)).isEqualTo(expected);
            assertThat(matrix.inputOrder().isEmpty()).isEqualTo(Arrays.equals(expected, natural));
            assertPieces(matrix.codes(), packed(codes, bits));
            assertPieces(matrix.zeroPoints().orElseThrow(), packed(zeros, bits));
            assertPieces(matrix.scales(), halves(turned));
        }
    }

    private static int awq(int[] words, int outputs, int row, int output) {
        int word = words[(row * outputs + output) / 8];
        for (int n = 0; n < 8; n++) {
            if (AWQ_ORDER[n] == output % 8) {
                return word >>> (4 * n);
            }
        }
        throw new IllegalStateException();
    }

    private void assertPieces(ConstantData data, byte[] expected) {
        assertThat(data.byteSize()).isEqualTo(expected.length);
        assertThat(data.segment().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected);
        for (int n = 0; n < 20; n++) {
            int from = random.nextInt(expected.length);
            int length = 1 + random.nextInt(n % 2 == 0 ? Math.min(9, expected.length - from) : expected.length - from);
            length = Math.min(length, expected.length - from);
            MemorySegment piece = MemorySegment.ofArray(new byte[length]);
            data.read(from, piece);
            assertThat(piece.toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(Arrays.copyOfRange(expected, from, from + length));
        }
    }

    private static byte[] packed(byte[] codes, int bits) {
        if (bits == 8) {
            return codes;
        }
        byte[] out = new byte[(codes.length + 1) / 2];
        for (int i = 0; i < codes.length; i++) {
            out[i / 2] |= (byte) (codes[i] << (i % 2 * 4));
        }
        return out;
    }

    private static byte[] halves(float[] values) {
        ByteBuffer out = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            out.putShort(Float.floatToFloat16(value));
        }
        return out.array();
    }

    private static byte[] bytes(int[] words) {
        ByteBuffer out = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        out.asIntBuffer().put(words);
        return out.array();
    }
}
