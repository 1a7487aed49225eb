package dev.decanter.genai;

import java.util.Arrays;

/**
 * The changes to logits that a configuration can ask for, and the distribution to draw from: top-k, temperature, min-p, top-p
 * in OpenVINO GenAI's order. Nothing is normalized again after a cut; the draw takes that into account.
 */
final class LogitTransforms {
    /** Values that are worked on at a time. */
    private static final int BLOCK = 1024;

    private LogitTransforms() {}

    /** Makes tokens impossible. */
    static void forbid(float[] logits, Iterable<Long> tokens) {
        for (long token : tokens) {
            if (token >= 0 && token < logits.length) {
                logits[(int) token] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /**
     * Makes tokens impossible that would repeat a sequence of {@code size} tokens of prompt and answer, as in Transformers and,
     * for beams, in OpenVINO GenAI.
     */
    static void noRepeat(float[] logits, Tokens tokens, int size) {
        int open = tokens.length() - (size - 1);
        for (int at = 0; at < open; at++) {
            long next = tokens.token(at + size - 1);
            if (next < logits.length && tokens.same(at, open, size - 1)) {
                logits[(int) next] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /** Divides a positive logit of a token that occurred, in prompt or answer, and multiplies a negative one. */
    static void repetition(float[] logits, TokenCounts tokens, float penalty) {
        if (penalty == 1) {
            return;
        }
        for (int i = 0; i < tokens.distinct(); i++) {
            // a token outside the vocabulary has no logit
            if (tokens.token(i) < logits.length) {
                int token = (int) tokens.token(i);
                logits[token] = logits[token] >= 0 ? logits[token] / penalty : logits[token] * penalty;
            }
        }
    }

    /** Moves logits of tokens of the answer by the penalty. */
    static void presence(float[] logits, TokenCounts answer, float penalty, PenaltyFlavor flavor) {
        if (penalty == 0) {
            return;
        }
        for (int i = 0; i < answer.distinct(); i++) {
            penalize(logits, answer.token(i), penalty, flavor);
        }
    }

    /** As {@link #presence}, once for each occurrence. */
    static void frequency(float[] logits, TokenCounts answer, float penalty, PenaltyFlavor flavor) {
        if (penalty == 0) {
            return;
        }
        for (int i = 0; i < answer.distinct(); i++) {
            penalize(logits, answer.token(i), penalty * answer.count(i), flavor);
        }
    }

    private static void penalize(float[] logits, long id, float penalty, PenaltyFlavor flavor) {
        if (id < logits.length) {
            int token = (int) id;
            boolean down = flavor == PenaltyFlavor.OPENAI || logits[token] >= 0;
            logits[token] += down ? -penalty : penalty;
        }
    }

    /** The first of the largest. */
    static int argmax(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    /**
     * ln Σ e^x; throws {@link GenerationException} if a logit is not a number or infinite upwards.
     *
     * @param scratch as long as the logits, overwritten; may be the logits themselves
     */
    static double logSumExp(float[] logits, float[] scratch) {
        float max = logits[argmax(logits)];
        // a NaN anywhere makes the sum NaN
        double sum = exponentials(logits, max, 1, scratch);
        if (Double.isNaN(sum) || max == Float.POSITIVE_INFINITY) {
            throw new GenerationException(
                    "the model gave a logit that is not a finite number; its weights may be damaged"
                            + " or of a precision that overflows");
        }
        return max + Math.log(sum);
    }

    /**
     * Puts e^((x − max) / temperature) into {@code weights}, which may be the logits; returns their sum.
     *
     * <p>In plain loops that the compiler turns into vector instructions: a vocabulary of 128k takes a twentieth of what {@link
     * Math#exp} would. They are two, with the powers of two between them, because it does not do that to a loop which makes
     * a float of bits that it has computed.
     */
    static double exponentials(float[] logits, float max, float temperature, float[] weights) {
        int[] powers = new int[Math.min(BLOCK, weights.length)];
        double sum = 0;
        for (int from = 0; from < weights.length; from += BLOCK) {
            int count = Math.min(BLOCK, weights.length - from);
            fractions(logits, from, count, max, 1 / temperature, weights, powers);
            sum += scaled(weights, from, count, powers);
        }
        return sum;
    }

    /**
     * e^x = 2^n · e^r for x up to 0, with a relative error of about 1e-7 (Cephes' expf): e^r and the bits of 2^n, which are 0
     * below the smallest normal number.
     */
    private static void fractions(
            float[] logits, int from, int count, float max, float scale, float[] weights, int[] powers) {
        for (int i = 0; i < count; i++) {
            float x = Math.max((logits[from + i] - max) * scale, -88);
            int n = (int) (x * 1.442695f - 0.5f);
            float r = x - n * 0.6933594f + n * 2.1219444e-4f;
            float p = 0.00019875691f;
            p = p * r + 0.0013981999f;
            p = p * r + 0.008333452f;
            p = p * r + 0.041665796f;
            p = p * r + 0.16666666f;
            p = p * r + 0.5f;
            weights[from + i] = p * r * r + r + 1;
            powers[i] = (n + 127) << 23;
        }
    }

    /** Multiplies by the powers; returns the sum, in four parts that do not wait for each other. */
    private static double scaled(float[] weights, int from, int count, int[] powers) {
        for (int i = 0; i < count; i++) {
            weights[from + i] *= Float.intBitsToFloat(powers[i]);
        }
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int whole = count & -4;
        for (int i = from; i < from + whole; i += 4) {
            a += weights[i];
            b += weights[i + 1];
            c += weights[i + 2];
            d += weights[i + 3];
        }
        for (int i = from + whole; i < from + count; i++) {
            a += weights[i];
        }
        return (a + b) + (c + d);
    }

    /** The distribution to draw from. {@code logits} is not changed. */
    static Distribution distribution(float[] logits, GenerationConfig config) {
        boolean cut = config.topK().isPresent() && config.topK().getAsInt() < logits.length;
        int[] ids = cut ? largest(logits, config.topK().getAsInt()) : all(logits.length);
        float[] weights = new float[ids.length];
        for (int i = 0; i < ids.length; i++) {
            weights[i] = logits[ids[i]];
        }
        float max = weights[argmax(weights)];
        double sum = exponentials(weights, max, config.temperature(), weights);
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) (weights[i] / sum);
        }
        Distribution kept = new Distribution(ids, weights);
        if (config.minP() > 0) {
            kept = kept.atLeast((float) (config.minP() / sum));
        }
        if (config.topP() < 1) {
            kept = kept.nucleus(config.topP());
        }
        return kept;
    }

    private static int[] all(int count) {
        int[] order = new int[count];
        Arrays.setAll(order, i -> i);
        return order;
    }

    /** The {@code k} largest, largest first, ties by lower id: a heap of k over one pass. */
    static int[] largest(float[] logits, int k) {
        int[] heap = new int[k];
        int size = 0;
        for (int i = 0; i < logits.length; i++) {
            if (size < k) {
                heap[size] = i;
                up(heap, size++, logits);
            } else if (logits[i] > logits[heap[0]]) {
                heap[0] = i;
                down(heap, size, logits);
            }
        }
        int[] sorted = new int[size];
        for (int i = size - 1; i >= 0; i--) {
            sorted[i] = heap[0];
            heap[0] = heap[i];
            down(heap, i, logits);
        }
        return sorted;
    }

    /** Whether {@code a} leaves the heap before {@code b}. */
    private static boolean less(int a, int b, float[] logits) {
        return logits[a] < logits[b] || (logits[a] == logits[b] && a > b);
    }

    private static void up(int[] heap, int at, float[] logits) {
        int child = at;
        while (child > 0) {
            int parent = (child - 1) / 2;
            if (!less(heap[child], heap[parent], logits)) {
                return;
            }
            swap(heap, child, parent);
            child = parent;
        }
    }

    private static void down(int[] heap, int size, float[] logits) {
        int parent = 0;
        while (true) {
            int child = 2 * parent + 1;
            if (child >= size) {
                return;
            }
            if (child + 1 < size && less(heap[child + 1], heap[child], logits)) {
                child++;
            }
            if (!less(heap[child], heap[parent], logits)) {
                return;
            }
            swap(heap, child, parent);
            parent = child;
        }
    }

    private static void swap(int[] heap, int a, int b) {
        int keep = heap[a];
        heap[a] = heap[b];
        heap[b] = keep;
    }
}
