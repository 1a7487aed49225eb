package dev.decanter.bench.peer;

import dev.decanter.bench.peer.Sample.Figure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How a figure of one engine relates to another's: the ratios of the pairs, one over other.
 *
 * @param pairs how many pairs there were
 * @param counted how many count: with others quiet in both runs, or all of them if that is never so
 * @param disturbed no pair was quiet, so that all are counted and the ratio is no result
 * @param one median of the one engine's values in the counted pairs
 * @param other median of the other engine's
 */
record Ratio(
        int pairs,
        int counted,
        boolean disturbed,
        double median,
        double least,
        double greatest,
        double one,
        double other) {
    /** Empty if there is no pair at all. */
    static Optional<Ratio> of(List<Sample> samples, Figure figure, String one, String other) {
        return of(samples, one, figure, other, figure);
    }

    /** The same for two figures, perhaps of one engine. */
    static Optional<Ratio> of(List<Sample> samples, String one, Figure figure, String other, Figure otherFigure) {
        List<Sample[]> pairs = new ArrayList<>();
        for (Sample first : samples) {
            if (!first.engine().equals(one) || !first.figure().equals(figure)) {
                continue;
            }
            samples.stream()
                    .filter(second -> second.engine().equals(other)
                            && second.figure().equals(otherFigure)
                            && second.pair() == first.pair())
                    .findFirst()
                    .ifPresent(second -> pairs.add(new Sample[] {first, second}));
        }
        if (pairs.isEmpty()) {
            return Optional.empty();
        }
        List<Sample[]> quiet = pairs.stream()
                .filter(pair -> pair[0].quiet() && pair[1].quiet())
                .toList();
        List<Sample[]> counted = quiet.isEmpty() ? pairs : quiet;
        double[] ratios = counted.stream()
                .mapToDouble(pair -> pair[0].value() / pair[1].value())
                .sorted()
                .toArray();
        return Optional.of(new Ratio(
                pairs.size(),
                counted.size(),
                quiet.isEmpty(),
                median(ratios),
                ratios[0],
                ratios[ratios.length - 1],
                median(counted.stream().mapToDouble(pair -> pair[0].value()).toArray()),
                median(counted.stream().mapToDouble(pair -> pair[1].value()).toArray())));
    }

    /** Of an even number the mean of the two in the middle. */
    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /** Such as {@code 1.62 (1.58 - 1.66); medians 31.1 : 19.2 tok/s; 5 of 5 pairs}. */
    String text(String unit) {
        return String.format(
                Locale.ROOT,
                "%.2f (%.2f - %.2f); medians %.2f : %.2f %s; %s",
                median,
                least,
                greatest,
                one,
                other,
                unit,
                disturbed ? "DISTURBED, no quiet pair of " + pairs : counted + " of " + pairs + " pairs");
    }
}
