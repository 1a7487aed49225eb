package dev.decanter.genai;

import java.util.Arrays;

/** Tokens with their probabilities, which may sum to less than 1. Immutable. */
final class Distribution {
    private final int[] ids;
    private final float[] probabilities;

    /** Takes both arrays over; they belong together by index. */
    Distribution(int[] ids, float[] probabilities) {
        this.ids = ids;
        this.probabilities = probabilities;
    }

    int size() {
        return ids.length;
    }

    int id(int index) {
        return ids[index];
    }

    float probability(int index) {
        return probabilities[index];
    }

    /** Only tokens of at least this probability. */
    Distribution atLeast(float threshold) {
        int[] keptIds = new int[ids.length];
        float[] kept = new float[ids.length];
        int n = 0;
        for (int i = 0; i < ids.length; i++) {
            if (probabilities[i] >= threshold) {
                keptIds[n] = ids[i];
                kept[n++] = probabilities[i];
            }
        }
        return new Distribution(Arrays.copyOf(keptIds, n), Arrays.copyOf(kept, n));
    }

    /** The likeliest tokens, up to the first with which their sum exceeds {@code p}. */
    Distribution nucleus(float p) {
        int take = 64;
        while (true) {
            int n = Math.min(take, ids.length);
            int[] best = LogitTransforms.largest(probabilities, n);
            double sum = 0;
            for (int i = 0; i < best.length; i++) {
                sum += probabilities[best[i]];
                if (sum > p || (i == best.length - 1 && n == ids.length)) {
                    return pick(best, i + 1);
                }
            }
            take *= 8;
        }
    }

    private Distribution pick(int[] indices, int count) {
        int[] keptIds = new int[count];
        float[] kept = new float[count];
        for (int i = 0; i < count; i++) {
            keptIds[i] = ids[indices[i]];
            kept[i] = probabilities[indices[i]];
        }
        return new Distribution(keptIds, kept);
    }

    private double total() {
        double total = 0;
        for (float p : probabilities) {
            total += p;
        }
        return total;
    }

    /** The probability that {@link #draw} gives a token. */
    private double share(int token) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == token) {
                return probabilities[i] / total();
            }
        }
        return 0;
    }

    /**
     * A token of this distribution by way of a guess drawn from another: the guess with probability min(1, p/q), else a token
     * drawn from what is left of p where it exceeds q (Leviathan et al. 2023, algorithm 1).
     */
    int draw(Proposal guess, MersenneTwister random) {
        double p = share(guess.token());
        double q = guess.distribution().share(guess.token());
        return random.uniform() * q < p
                ? guess.token()
                : without(guess.distribution()).draw(random.uniform());
    }

    /** What this one's shares have over another's. */
    private Distribution without(Distribution other) {
        int greatest = Math.max(
                Arrays.stream(ids).max().orElse(0),
                Arrays.stream(other.ids).max().orElse(0));
        double[] taken = new double[greatest + 1];
        double otherTotal = other.total();
        for (int i = 0; i < other.ids.length; i++) {
            taken[other.ids[i]] = other.probabilities[i] / otherTotal;
        }
        double total = total();
        float[] left = new float[ids.length];
        double sum = 0;
        for (int i = 0; i < ids.length; i++) {
            left[i] = (float) Math.max(0, probabilities[i] / total - taken[ids[i]]);
            sum += left[i];
        }
        // rounding can refuse a guess where both are the same
        return sum > 0 ? new Distribution(ids, left) : this;
    }

    /** The first token at which the running sum exceeds {@code uniform} times the whole sum. */
    int draw(float uniform) {
        double total = total();
        double target = total * uniform;
        double sum = 0;
        for (int i = 0; i < ids.length; i++) {
            sum += probabilities[i];
            if (sum > target) {
                return ids[i];
            }
        }
        return ids[ids.length - 1];
    }
}
