package dev.decanter.compress.comparison;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.comparison.ComparisonReport.Distributions;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Sums up what logits of two models say about the same tokens. Arithmetic is in double; positions are spread over the cores. */
final class DistributionMeter {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int vocabulary;
    private double[] divergences = new double[1024];
    private int tokens;
    private int sameTop;
    private double baseLoss;
    private double otherLoss;

    DistributionMeter(int vocabulary) {
        this.vocabulary = vocabulary;
    }

    /** What one position says. */
    private record Position(double divergence, double baseLoss, double otherLoss, boolean sameTop) {}

    /**
     * Counts positions.
     *
     * @param base logits, f32 [positions, vocabulary]
     * @param other logits of the other model, likewise
     * @param targets the token that follows each position; −1 where none is to be predicted
     * @throws CompressionException if a logit is not a finite number
     */
    void add(MemorySegment base, MemorySegment other, long[] targets) {
        int[] scored =
                IntStream.range(0, targets.length).filter(i -> targets[i] >= 0).toArray();
        Position[] positions = new Position[scored.length];
        IntStream.range(0, scored.length)
                .parallel()
                .forEach(i -> positions[i] =
                        position(row(base, scored[i]), row(other, scored[i]), Math.toIntExact(targets[scored[i]])));
        for (Position position : positions) {
            if (tokens == divergences.length) {
                divergences = Arrays.copyOf(divergences, 2 * tokens);
            }
            divergences[tokens++] = position.divergence;
            baseLoss += position.baseLoss;
            otherLoss += position.otherLoss;
            sameTop += position.sameTop ? 1 : 0;
        }
    }

    private float[] row(MemorySegment logits, int position) {
        float[] row = new float[vocabulary];
        MemorySegment.copy(logits, F32, (long) position * vocabulary * Float.BYTES, row, 0, vocabulary);
        return row;
    }

    /** With x and y the logits, a = max x, b = max y: KL = Σ P·(x − y) − (a + ln Σ e^(x − a)) + (b + ln Σ e^(y − b)). */
    private static Position position(float[] base, float[] other, int target) {
        int baseTop = top(base);
        int otherTop = top(other);
        double a = base[baseTop];
        double b = other[otherTop];
        double baseSum = 0;
        double otherSum = 0;
        double difference = 0;
        for (int i = 0; i < base.length; i++) {
            double weight = Math.exp(base[i] - a);
            baseSum += weight;
            difference += weight * ((double) base[i] - other[i]);
            otherSum += Math.exp(other[i] - b);
        }
        if (!Double.isFinite(baseSum) || !Double.isFinite(otherSum) || !Double.isFinite(difference)) {
            throw new CompressionException(
                    "a model gives logits that are not finite numbers; its weights are damaged, or too coarse");
        }
        double baseLog = Math.log(baseSum);
        double otherLog = Math.log(otherSum);
        // rounding may make a divergence of nothing a little negative
        double divergence = Math.max(0, difference / baseSum - (a - b) - (baseLog - otherLog));
        double baseLoss = baseLog + (a - base[target]);
        double otherLoss = otherLog + (b - other[target]);
        return new Position(divergence, baseLoss, otherLoss, baseTop == otherTop);
    }

    private static int top(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    int vocabulary() {
        return vocabulary;
    }

    /** Tokens that were predicted so far. */
    long tokens() {
        return tokens;
    }

    Distributions result(int texts) {
        double[] sorted = Arrays.copyOf(divergences, tokens);
        Arrays.sort(sorted);
        return new Distributions(
                texts,
                tokens,
                Math.exp(baseLoss / tokens),
                Math.exp(otherLoss / tokens),
                Arrays.stream(sorted).sum() / tokens,
                percentile(sorted, 90),
                percentile(sorted, 99),
                sorted[tokens - 1],
                (double) sameTop / tokens);
    }

    /** The smallest value that {@code percent} of all do not exceed. */
    private static double percentile(double[] sorted, int percent) {
        return sorted[Math.ceilDiv(percent * sorted.length, 100) - 1];
    }
}
