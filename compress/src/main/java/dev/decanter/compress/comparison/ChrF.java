package dev.decanter.compress.comparison;

import java.util.HashMap;
import java.util.Map;

/**
 * The character n-gram F-score of Popović (2015) for one pair of texts, with sacreBLEU's settings: n from 1 to 6, β = 2, white
 * space left out, precision and recall averaged over the n for which both texts have n-grams.
 */
final class ChrF {
    private static final int ORDERS = 6;
    private static final double BETA_SQUARED = 4;

    private ChrF() {}

    /** From 0 to 1; 1 for two texts without any characters. */
    static double of(String reference, String answer) {
        int[] expected = characters(reference);
        int[] actual = characters(answer);
        if (expected.length == 0 && actual.length == 0) {
            return 1;
        }
        int orders = Math.min(ORDERS, Math.min(expected.length, actual.length));
        double precision = 0;
        double recall = 0;
        for (int n = 1; n <= orders; n++) {
            int matches = matches(expected, actual, n);
            precision += (double) matches / (actual.length - n + 1);
            recall += (double) matches / (expected.length - n + 1);
        }
        if (precision + recall == 0) {
            return 0;
        }
        precision /= orders;
        recall /= orders;
        return (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall);
    }

    private static int[] characters(String text) {
        return text.codePoints().filter(c -> !Character.isWhitespace(c)).toArray();
    }

    private static int matches(int[] expected, int[] actual, int n) {
        Map<String, Integer> left = new HashMap<>();
        for (int i = 0; i + n <= expected.length; i++) {
            left.merge(new String(expected, i, n), 1, Integer::sum);
        }
        int matches = 0;
        for (int i = 0; i + n <= actual.length; i++) {
            String gram = new String(actual, i, n);
            int count = left.getOrDefault(gram, 0);
            if (count > 0) {
                matches++;
                left.put(gram, count - 1);
            }
        }
        return matches;
    }
}
