package dev.decanter.compress.ptq;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.RangeEstimator;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Collects what the quantizers of activations see, and gives their ranges. */
final class RangeCollector {
    private final List<QuantizerPoint> points;
    private final List<Statistics.Extremes> seen = new ArrayList<>();
    private final RangeEstimator perTensor;
    private final RangeEstimator perChannel;

    /** Per-channel points take {@code perChannel}. */
    RangeCollector(List<QuantizerPoint> points, RangeEstimator perTensor, RangeEstimator perChannel) {
        this.points = points;
        this.perTensor = perTensor;
        this.perChannel = perChannel;
        points.forEach(p -> seen.add(new Statistics.Extremes(estimator(p).kind())));
    }

    private RangeEstimator estimator(QuantizerPoint point) {
        return point.perChannel() ? perChannel : perTensor;
    }

    List<Probe> probes() {
        List<Probe> probes = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            QuantizerPoint point = points.get(i);
            Statistics.Extremes extremes = seen.get(i);
            RangeEstimator estimator = estimator(point);
            int axis = point.perChannel() ? 1 : -1;
            if (estimator.kind() == RangeEstimator.Kind.PERCENTILE && !point.perChannel()) {
                probes.add(new Probe(point.value(), Probe.Reduction.ALL, -1, values -> {
                    float low = Statistics.quantile(values, estimator.outlierProbability());
                    float high = Statistics.sortedQuantile(values, 1 - estimator.outlierProbability());
                    extremes.add(new float[] {low}, new float[] {high});
                }));
                continue;
            }
            // two probes of one pass: the first one of a sample waits for the second
            List<float[]> least = new ArrayList<>(1);
            probes.add(new Probe(point.value(), Probe.Reduction.MIN, axis, least::add));
            Probe.Reduction greatest = point.symmetric() ? Probe.Reduction.ABS_MAX : Probe.Reduction.MAX;
            probes.add(new Probe(point.value(), greatest, axis, values -> extremes.add(least.removeLast(), values)));
        }
        return probes;
    }

    /** The range of each point, in order; points of one group share theirs. */
    List<QuantizerRange> ranges() {
        Map<Integer, float[][]> shared = new HashMap<>();
        for (int i = 0; i < points.size(); i++) {
            int group = points.get(i).group();
            if (group >= 0) {
                float[][] known = shared.computeIfAbsent(group, _ ->
                        new float[][] {{Float.POSITIVE_INFINITY}, {Float.NEGATIVE_INFINITY}});
                known[0][0] = Math.min(known[0][0], seen.get(i).min()[0]);
                known[1][0] = Math.max(known[1][0], seen.get(i).max()[0]);
            }
        }
        List<QuantizerRange> ranges = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            QuantizerPoint point = points.get(i);
            float[][] group = shared.get(point.group());
            float[] min = group == null ? seen.get(i).min() : group[0];
            float[] max = group == null ? seen.get(i).max() : group[1];
            check(point, min, max);
            ranges.add(
                    point.symmetric()
                            ? QuantizerRange.symmetric(min, max, false, false)
                            : QuantizerRange.asymmetric(min, max));
        }
        return ranges;
    }

    private static void check(QuantizerPoint point, float[] min, float[] max) {
        for (int i = 0; i < min.length; i++) {
            if (!Float.isFinite(min[i]) || !Float.isFinite(max[i])) {
                throw new CompressionException("layer \"" + point.value().node().name()
                        + "\" gives values that are infinite or no numbers for the calibration samples; leave \""
                        + point.node().name() + "\" out with --ignored-scope, or check the samples");
            }
        }
    }
}
