package dev.decanter.compress.aware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.compress.AwqParameters;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.GptqParameters;
import dev.decanter.compress.LoraCorrectionParameters;
import dev.decanter.compress.ScaleEstimationParameters;
import dev.decanter.compress.weights.GroupParameters;
import dev.decanter.compress.weights.GroupQuantizer;
import dev.decanter.compress.weights.LayerPlan.LowRank;
import dev.decanter.compress.weights.WeightConfig;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The four methods against NNCF's own code, see {@link Golden}. */
class NncfGoldenTest {
    static Stream<Golden.Case> awq() {
        return Golden.cases("awq");
    }

    static Stream<Golden.Case> scaleEstimation() {
        return Golden.cases("scaleEstimation");
    }

    static Stream<Golden.Case> gptq() {
        return Golden.cases("gptq");
    }

    static Stream<Golden.Case> lora() {
        return Golden.cases("lora");
    }

    @ParameterizedTest
    @MethodSource
    void awq(Golden.Case golden) {
        int rows = 24;
        int columns = 192;
        int samples = golden.number("samples");
        AwqParameters settings =
                new AwqParameters(AwqParameters.Search.NNCF, golden.number("subset"), 0.02, 0, 1, 100, true);
        Optional<AwqScales.Producer> producer = Optional.empty();
        float size = (float) golden.node().get("producer").asDouble();
        if (size > 0) {
            float[] previous = Golden.weights(2, columns, 40);
            for (int i = 0; i < previous.length; i++) {
                previous[i] *= size;
            }
            float largest = 0;
            for (float value :
                    Golden.summary(Golden.tokens(3, samples, 40), 40, 32).maxima()) {
                largest = Math.max(largest, value);
            }
            producer = Optional.of(AwqScales.Producer.of(previous, columns, 40, largest));
        }
        ActivationSummary x = Golden.summary(Golden.tokens(4, samples, columns), columns, settings.subsetSize());
        float[] factors =
                AwqScales.dataAware(Golden.weights(1, rows, columns), rows, golden.config(), x, producer, settings);
        JsonNode expected = golden.node().get("factors");
        for (int c = 0; c < columns; c++) {
            JsonNode value = expected.get(Integer.toString(c));
            assertThat(factors[c])
                    .as("channel %d", c)
                    .isCloseTo(value == null ? 1 : (float) value.asDouble(), relative());
        }
    }

    private static org.assertj.core.data.Percentage relative() {
        return org.assertj.core.data.Percentage.withPercentage(0.001);
    }

    @Test
    void awqWithoutData() {
        float[] factors = AwqScales.dataFree(Golden.weights(1, 24, 192), 24, 192);
        float[] expected = Golden.floats(Golden.root().get("awqDataFree"));
        for (int c = 0; c < expected.length; c++) {
            assertThat(factors[c]).isCloseTo(expected[c], relative());
        }
    }

    @ParameterizedTest
    @MethodSource
    void scaleEstimation(Golden.Case golden) {
        int rows = 12;
        int columns = 128;
        ScaleEstimationParameters settings = new ScaleEstimationParameters(
                golden.number("subset"), 5, 5, golden.node().get("penalty").asDouble());
        ActivationSummary x =
                Golden.summary(Golden.tokens(6, golden.number("samples"), columns), columns, settings.subsetSize());
        GroupParameters result =
                ScaleEstimation.estimate(Golden.weights(5, rows, columns), rows, golden.config(), x, settings);
        check(result, golden);
    }

    private static void check(GroupParameters result, Golden.Case golden) {
        float[] scales = golden.floats("scales");
        assertThat(result.scales()).hasSameSizeAs(scales);
        for (int i = 0; i < scales.length; i++) {
            assertThat(result.scales()[i]).as("scale %d", i).isCloseTo(scales[i], relative());
        }
        assertThat(result.zeroPoints()).isEqualTo(golden.integers("zeroPoints"));
    }

    @ParameterizedTest
    @MethodSource
    void gptq(Golden.Case golden) {
        int rows = 8;
        int columns = golden.number("columns");
        WeightConfig config = golden.config();
        List<float[]> inputs = Golden.tokens(8, 40, columns, golden.integers("dead"));
        float[] all = concatenated(inputs);
        float[] hessian = Gptq.hessian(all, all.length / columns, columns, inputs.size());
        float[] diagonal = golden.floats("diagonal");
        for (int i = 0; i < columns; i++) {
            assertThat(hessian[i * columns + i]).isCloseTo(diagonal[i], within(1e-4f * diagonal[i]));
        }
        float[] w = Golden.weights(7, rows, columns);
        GptqParameters settings = new GptqParameters(0.1, golden.number("block"), 128);
        Gptq.Result result = Gptq.quantize(
                w,
                rows,
                columns,
                config,
                Gptq.Moments.of(hessian, columns, settings),
                golden.node().get("estimate").asBoolean()
                        ? Optional.of(Golden.summary(inputs, columns, 32))
                        : Optional.empty(),
                settings);
        check(result.parameters(), golden);
        if (config.mode().isInteger()) {
            assertThat(codes(result, config)).isEqualTo(golden.integers("integers"));
        } else {
            float[] expected = golden.floats("dequantized");
            for (int i = 0; i < w.length; i++) {
                assertThat(w[i]).isCloseTo(expected[i], within(1e-5f));
            }
        }
        float[] dequantized = new float[rows * columns];
        GroupQuantizer.dequantize(result.codes(), rows, columns, config, result.parameters(), dequantized);
        for (int i = 0; i < w.length; i++) {
            assertThat(dequantized[i]).isCloseTo(w[i], within(1e-6f));
        }
    }

    private static int[] codes(Gptq.Result result, WeightConfig config) {
        int[] codes = new int[result.codes().length];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = config.mode() == CompressionMode.INT4_ASYM ? result.codes()[i] & 0xff : result.codes()[i];
        }
        return codes;
    }

    private static float[] concatenated(List<float[]> parts) {
        float[] all = new float[parts.stream().mapToInt(p -> p.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource
    void lora(Golden.Case golden) {
        int rows = golden.number("rows");
        int columns = golden.number("columns");
        float[] w = Golden.weights(9, rows, columns);
        float[] loss = GroupQuantizer.roundTrip(w, rows, columns, golden.config());
        for (int i = 0; i < w.length; i++) {
            loss[i] = w[i] - loss[i];
        }
        LoraCorrectionParameters settings = new LoraCorrectionParameters(
                4, golden.number("iterations"), golden.node().get("regularized").asBoolean(), 8, true);
        ActivationSummary x = Golden.summary(Golden.tokens(10, 12, columns), columns, settings.subsetSize());
        LowRank adapters = LoraCorrection.adapters(loss, rows, golden.config(), x, settings);
        float[] product = new float[rows * columns];
        Products.add(
                rows,
                columns,
                adapters.rank(),
                1,
                Products.View.of(adapters.b(), adapters.rank()),
                Products.View.of(adapters.a(), columns),
                Products.View.of(product, columns));
        float[] expected = golden.floats("product");
        float largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertThat(largest).isPositive();
        for (int i = 0; i < product.length; i++) {
            assertThat(product[i]).as("element %d", i).isCloseTo(expected[i], within(2e-4f * largest));
        }
        assertThat(Arrays.stream(new int[] {adapters.a().length, adapters.b().length})
                        .sum())
                .isEqualTo(4 * (rows + columns));
    }
}
