package dev.decanter.genai;

import java.util.Arrays;

/**
 * What happens to logits before a token is chosen, in OpenVINO GenAI's order: minimum length, repetition, presence and
 * frequency penalty; for sampling then top-k, temperature, min-p, top-p. Nothing is normalized again after a cut; the
 * draw takes that into account.
 */
final class LogitTransforms {
    private LogitTransforms() {}

    /** Makes tokens impossible. */
    static void forbid(float[] logits, Iterable<Long> tokens) {
        for (long token : tokens) {
            if (token >= 0 && token < logits.length) {
                logits[(int) token] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /** Divides a positive logit of a token that occurred, in prompt or answer, and multiplies a negative one. */
    static void repetition(float[] logits, TokenCounts tokens, float penalty) {
        if (penalty == 1) {
            return;
        }
        for (int i = 0; i < tokens.distinct(); i++) {
            int token = tokens.token(i);
            logits[token] = logits[token] >= 0 ? logits[token] / penalty : logits[token] * penalty;
        }
    }

    /**
     * Presence and frequency penalty for tokens of the answer. As in OpenVINO GenAI, and other than in OpenAI's definition,
     * a negative logit is moved up.
     */
    static void presenceAndFrequency(float[] logits, TokenCounts answer, float presence, float frequency) {
        if (presence == 0 && frequency == 0) {
            return;
        }
        for (int i = 0; i < answer.distinct(); i++) {
            int token = answer.token(i);
            float total = presence + frequency * answer.count(token);
            logits[token] += logits[token] >= 0 ? -total : total;
        }
    }

    /** The first of the largest; throws {@link GenerationException} if a logit is not a number. */
    static int argmax(float[] logits) {
        int best = 0;
        boolean broken = false;
        for (int i = 0; i < logits.length; i++) {
            broken |= Float.isNaN(logits[i]);
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        if (broken) {
            throw new GenerationException("the model gave a logit that is not a number; its weights may be damaged"
                    + " or of a precision that overflows");
        }
        return best;
    }

    /** ln Σ e^x. */
    static double logSumExp(float[] logits) {
        float max = logits[argmax(logits)];
        double sum = 0;
        for (float x : logits) {
            sum += Math.exp(x - max);
        }
        return max + Math.log(sum);
    }


    /** The distribution to draw from. {@code logits} is not changed. */
    static Distribution distribution(float[] logits, GenerationConfig config) {
        argmax(logits);
        int[] order = config.topK().isPresent() && config.topK().getAsInt() < logits.length
                ? largest(logits, config.topK().getAsInt())
                : all(logits.length);
        float max = Float.NEGATIVE_INFINITY;
        for (int id : order) {
            max = Math.max(max, logits[id]);
        }
        float[] weights = new float[order.length];
        double sum = 0;
        for (int i = 0; i < order.length; i++) {
            weights[i] = (float) Math.exp((logits[order[i]] - max) / config.temperature());
            sum += weights[i];
        }
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) (weights[i] / sum);
        }
        Distribution kept = new Distribution(order, weights);
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
        return logits[a] < logits[b] || logits[a] == logits[b] && a > b;
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
