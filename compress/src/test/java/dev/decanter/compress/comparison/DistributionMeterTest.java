package dev.decanter.compress.comparison;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.comparison.ComparisonReport.Distributions;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Divergences against probabilities written out. */
class DistributionMeterTest {
    private static final int VOCABULARY = 37;

    private final Random random = new Random(11);

    private float[] logits(int positions, float spread) {
        float[] logits = new float[positions * VOCABULARY];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) random.nextGaussian() * spread;
        }
        return logits;
    }

    private static double[] probabilities(float[] logits, int position) {
        double[] p = new double[VOCABULARY];
        double sum = 0;
        for (int i = 0; i < VOCABULARY; i++) {
            p[i] = Math.exp(logits[position * VOCABULARY + i]);
            sum += p[i];
        }
        for (int i = 0; i < VOCABULARY; i++) {
            p[i] /= sum;
        }
        return p;
    }

    @Test
    void divergencesAreThoseOfProbabilitiesWrittenOut() {
        int positions = 250;
        float[] base = logits(positions, 3);
        float[] other = base.clone();
        for (int i = 0; i < other.length; i++) {
            other[i] += (float) random.nextGaussian();
        }
        long[] targets = random.longs(positions, 0, VOCABULARY).toArray();
        targets[100] = -1;
        double[] divergences = new double[positions - 1];
        double baseLoss = 0;
        double otherLoss = 0;
        int same = 0;
        for (int t = 0, n = 0; t < positions; t++) {
            if (targets[t] < 0) {
                continue;
            }
            double[] p = probabilities(base, t);
            double[] q = probabilities(other, t);
            int bestP = 0;
            int bestQ = 0;
            for (int i = 0; i < VOCABULARY; i++) {
                divergences[n] += p[i] * Math.log(p[i] / q[i]);
                bestP = p[i] > p[bestP] ? i : bestP;
                bestQ = q[i] > q[bestQ] ? i : bestQ;
            }
            n++;
            same += bestP == bestQ ? 1 : 0;
            baseLoss -= Math.log(p[(int) targets[t]]);
            otherLoss -= Math.log(q[(int) targets[t]]);
        }
        Arrays.sort(divergences);

        DistributionMeter meter = new DistributionMeter(VOCABULARY);
        // in two pieces, as texts come
        int cut = 90 * VOCABULARY;
        meter.add(
                MemorySegment.ofArray(Arrays.copyOf(base, cut)),
                MemorySegment.ofArray(Arrays.copyOf(other, cut)),
                Arrays.copyOf(targets, 90));
        meter.add(
                MemorySegment.ofArray(Arrays.copyOfRange(base, cut, base.length)),
                MemorySegment.ofArray(Arrays.copyOfRange(other, cut, base.length)),
                Arrays.copyOfRange(targets, 90, positions));
        Distributions result = meter.result(2);
        assertThat(result.tokens()).isEqualTo(249);
        assertThat(result.klMean())
                .isCloseTo(Arrays.stream(divergences).average().orElseThrow(), within(1e-12));
        // 90 % of 249 are 224.1, so that the 225th is the first that as many do not exceed
        assertThat(result.kl90()).isCloseTo(divergences[224], within(1e-12));
        assertThat(result.kl99()).isCloseTo(divergences[246], within(1e-12));
        assertThat(result.klMax()).isCloseTo(divergences[248], within(1e-12));
        assertThat(result.sameTop()).isEqualTo(same / 249.0);
        assertThat(result.basePerplexity()).isCloseTo(Math.exp(baseLoss / 249), within(1e-9));
        assertThat(result.otherPerplexity()).isCloseTo(Math.exp(otherLoss / 249), within(1e-9));
    }

    @Test
    void logitsOfAnySizeDoNotOverflow() {
        DistributionMeter meter = new DistributionMeter(2);
        meter.add(
                MemorySegment.ofArray(new float[] {3e4f, 3e4f}),
                MemorySegment.ofArray(new float[] {-3e4f, -3e4f}),
                new long[] {1});
        assertThat(meter.result(1).klMean()).isZero();
        assertThat(meter.result(1).basePerplexity()).isCloseTo(2, within(1e-12));
    }

    @Test
    void whatIsNoNumberIsRefused() {
        DistributionMeter meter = new DistributionMeter(2);
        assertThatThrownBy(() -> meter.add(
                        MemorySegment.ofArray(new float[] {1, 2}),
                        MemorySegment.ofArray(new float[] {1, Float.NaN}),
                        new long[] {1}))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("not finite");
    }
}
