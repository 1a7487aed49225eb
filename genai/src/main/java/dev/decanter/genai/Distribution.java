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

    /** The first token at which the running sum exceeds {@code uniform} times the whole sum. */
    int draw(float uniform) {
        double total = 0;
        for (float p : probabilities) {
            total += p;
        }
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
