package dev.decanter.compress.weights;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.compress.CompressionMode;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/**
 * Against NNCF itself: {@code nncf/quantized.json} has what {@code do_integer_quantization} and
 * {@code do_float_quantization} of NNCF 3.1 give for NumPy arrays of the weights in it.
 */
class GroupQuantizerTest {
    @Test
    void scalesZeroPointsAndCodesAreThoseOfNncf() {
        JsonNode golden = golden();
        int rows = golden.get("rows").asInt();
        int columns = golden.get("columns").asInt();
        float[] w = floats(golden.get("weights"));
        assertThat(golden.get("cases")).hasSize(12);
        for (JsonNode c : golden.get("cases")) {
            CompressionMode mode =
                    CompressionMode.ofLabel(c.get("mode").asText()).orElseThrow();
            WeightConfig config = new WeightConfig(mode, c.get("group_size").asInt());
            GroupParameters p = GroupQuantizer.parameters(w, rows, columns, config);
            assertThat(p.scales()).as(config.label()).containsExactly(floats(c.get("scales")));
            byte[] codes = GroupQuantizer.codes(w, rows, columns, config, p);
            if (mode.hasZeroPoint()) {
                assertThat(p.zeroPoints()).containsExactly(ints(c.get("zero_points")));
            }
            if (mode.isInteger()) {
                int[] levels = new int[codes.length];
                Arrays.setAll(levels, i -> mode.hasZeroPoint() ? codes[i] & 255 : codes[i]);
                assertThat(levels).as(config.label()).containsExactly(ints(c.get("levels")));
            } else {
                float[] values = new float[codes.length];
                float[] ones = new float[p.scales().length];
                Arrays.fill(ones, 1);
                GroupQuantizer.dequantize(
                        codes, rows, columns, config, new GroupParameters(rows, p.groups(), ones, new int[0]), values);
                for (int i = 0; i < values.length; i++) {
                    // NNCF's table has no positive zero in f4e2m1
                    assertThat(values[i] + 0f)
                            .as("%s, element %d of weight %s", config.label(), i, w[i])
                            .isEqualTo((float) c.get("values").get(i).asDouble() + 0f);
                }
            }
        }
    }

    @Property(tries = 200)
    void agreesWithPlainFormulas(
            @ForAll CompressionMode mode, @ForAll long seed, @ForAll @IntRange(min = 1, max = 5) int rows) {
        int columns = 96;
        int group = mode.defaultGroupSize() == -1 ? -1 : 32;
        float[] w = weights(seed, rows * columns);
        WeightConfig config = new WeightConfig(mode, group);
        GroupParameters p = GroupQuantizer.parameters(w, rows, columns, config);
        byte[] codes = GroupQuantizer.codes(w, rows, columns, config, p);
        float[] back = new float[w.length];
        GroupQuantizer.dequantize(codes, rows, columns, config, p, back);
        int length = config.groupLength(columns);
        for (int g = 0; g < p.scales().length; g++) {
            PlainFormulas.Group plain = PlainFormulas.group(Arrays.copyOfRange(w, g * length, (g + 1) * length), mode);
            assertThat(p.scales()[g]).isEqualTo(plain.scale());
            assertThat(mode.hasZeroPoint() ? p.zeroPoints()[g] : 0).isEqualTo(plain.zeroPoint());
            for (int i = 0; i < length; i++) {
                assertThat(back[g * length + i])
                        .as("%s of %s", mode, w[g * length + i])
                        .isEqualTo(plain.values()[i] * plain.scale());
            }
        }
    }

    @Property(tries = 100)
    void vectorsGiveWhatPlainLoopsGive(@ForAll long seed, @ForAll @IntRange(min = 1, max = 70) int length) {
        float[] w = weights(seed, length + 3);
        Kernel[] kernels = {new ScalarKernel(), new VectorKernel()};
        float[][] extremes = new float[2][2];
        byte[][] integers = new byte[2][length + 3];
        byte[][] steps = new byte[2][length + 3];
        byte[][] fours = new byte[2][length + 3];
        byte[][] eights = new byte[2][length + 3];
        for (int k = 0; k < 2; k++) {
            kernels[k].extremes(w, 3, length, extremes[k]);
            kernels[k].integers(w, 3, length, 0.01f, 7, 0, 15, integers[k]);
            kernels[k].steps(w, 3, length, 0.01f, FloatCodes.NF4_BORDERS, steps[k]);
            kernels[k].f4e2m1(w, 3, length, 0.01f, fours[k]);
            kernels[k].f8e4m3(w, 3, length, 0.01f, eights[k]);
        }
        assertThat(extremes[1]).containsExactly(extremes[0]);
        assertThat(integers[1]).containsExactly(integers[0]);
        assertThat(steps[1]).containsExactly(steps[0]);
        assertThat(fours[1]).containsExactly(fours[0]);
        assertThat(eights[1]).containsExactly(eights[0]);
    }

    @Test
    void scalesOfMxFormatsAreTheLogarithmsRoundedToFloats() {
        for (int exponent = -23; exponent < 127; exponent++) {
            for (int mantissa : new int[] {0, 1, 2, 3, 100, 510, 511, 512, 513, 1 << 16, 0x7f_ffff}) {
                float size = Float.intBitsToFloat((exponent + 127) << 23 | mantissa);
                float scale = GroupQuantizer.scale(-size, 0, CompressionMode.MXFP4);
                float log = (float) (Math.log(Math.max(size / 6, GroupQuantizer.EPSILON)) / Math.log(2));
                assertThat(scale).as("%s", size).isEqualTo((float) Math.pow(2, Math.ceil(log)));
                float six = Math.max(size, GroupQuantizer.EPSILON) * 6;
                if (Float.isFinite(six) && six / 6 == size) {
                    float exact = (float) (Math.log(size) / Math.log(2));
                    assertThat(GroupQuantizer.scale(0, six, CompressionMode.MXFP4))
                            .as("%s", size)
                            .isEqualTo((float) Math.pow(2, Math.ceil(exact)));
                }
            }
        }
    }

    /** Every number of f16 with its neighbours in f32 and what lies between it and the next, both signs. */
    @Test
    void vectorsRoundEveryBorderOfSmallFloatsAsPlainLoopsDo() {
        float[] w = new float[0x7c00 * 2 * 4];
        int count = 0;
        for (int half = 0; half < 0x10000; half++) {
            float value = Float.float16ToFloat((short) half);
            if (Float.isFinite(value)) {
                float next = Float.float16ToFloat((short) (half + 1));
                w[count++] = value;
                w[count++] = Math.nextUp(value);
                w[count++] = Math.nextDown(value);
                w[count++] = Float.isFinite(next) ? (value + next) / 2 : 70_000;
            }
        }
        assertThat(count).isEqualTo(w.length);
        byte[][] fours = new byte[2][count];
        byte[][] eights = new byte[2][count];
        Kernel[] kernels = {new ScalarKernel(), new VectorKernel()};
        for (int k = 0; k < 2; k++) {
            kernels[k].f4e2m1(w, 0, count, 1, fours[k]);
            kernels[k].f8e4m3(w, 0, count, 1, eights[k]);
        }
        assertThat(Arrays.mismatch(fours[0], fours[1])).isEqualTo(-1);
        assertThat(Arrays.mismatch(eights[0], eights[1])).isEqualTo(-1);
    }

    /** Sizes from subnormal to large, ties of coarse grids, groups of one sign, of zeros and of one value. */
    private static float[] weights(long seed, int count) {
        Random random = new Random(seed);
        float[] w = new float[count];
        float size = (float) Math.pow(10, random.nextInt(-10, 4));
        int kind = random.nextInt(6);
        for (int i = 0; i < count; i++) {
            float normal = (float) random.nextGaussian() * size;
            w[i] = switch (kind) {
                case 0 -> Math.abs(normal);
                case 1 -> -Math.abs(normal);
                case 2 -> size;
                case 3 -> random.nextInt(-20, 21) / 8f;
                case 4 -> random.nextInt(10) == 0 ? normal * 50 : normal;
                default -> normal;
            };
        }
        return w;
    }

    @Test
    void storedScalesAreWhatF16Holds() {
        GroupParameters p = new GroupParameters(1, 2, new float[] {0.1f, GroupQuantizer.EPSILON}, new int[0]);
        float[] stored = p.stored(CompressionMode.INT8_SYM).scales();
        assertThat(stored[0]).isEqualTo(0.099975586f);
        assertThat(stored[1]).isEqualTo(GroupQuantizer.EPSILON);
    }

    private static JsonNode golden() {
        try (InputStream in = GroupQuantizerTest.class.getResourceAsStream("/nncf/quantized.json")) {
            return JsonMapper.builder().build().readTree(Objects.requireNonNull(in));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static float[] floats(JsonNode bits) {
        float[] out = new float[bits.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = Float.intBitsToFloat((int) bits.get(i).asLong());
        }
        return out;
    }

    private static int[] ints(JsonNode list) {
        int[] out = new int[list.size()];
        Arrays.setAll(out, i -> list.get(i).asInt());
        return out;
    }

    @Test
    void aValueOnABorderOfNf4BelongsToTheLowerCode() {
        float[] middles = PlainFormulas.nf4Middles();
        assertThat(middles).hasSize(15);
        for (int i = 0; i < middles.length; i++) {
            assertThat(GroupQuantizer.nearest(CompressionMode.NF4, middles[i]))
                    .isEqualTo(PlainFormulas.value(i, CompressionMode.NF4));
            assertThat(GroupQuantizer.nearest(CompressionMode.NF4, Math.nextUp(middles[i])))
                    .isEqualTo(PlainFormulas.value(i + 1, CompressionMode.NF4));
        }
    }
}
