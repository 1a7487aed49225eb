package dev.decanter.tokenizers.ops;

import dev.decanter.runtime.InferenceException;
import java.util.List;
import java.util.StringJoiner;

/**
 * What f32 scores lack of the doubles of a tokenizer.json. Sums of scores that tie but for the last bits are decided by those bits, so
 * a file whose numbers are no f32 needs them: as {@code id:n}, where n is how many doubles lie between the f32 and the number.
 */
public final class ExactScores {
    private ExactScores() {}

    /** The differences, by id; empty if there are none. */
    public static String differences(List<Double> exact, float[] rounded) {
        StringJoiner text = new StringJoiner(" ");
        for (int id = 0; id < exact.size(); id++) {
            double value = exact.get(id);
            // a score that was put in the place of the file's has nothing to do with it
            if ((float) value == rounded[id] && value != rounded[id]) {
                text.add(id + ":" + (Double.doubleToLongBits(value) - Double.doubleToLongBits(rounded[id])));
            }
        }
        return text.toString();
    }

    /** The doubles; throws {@link InferenceException} if the text is not as {@link #differences} makes it. */
    static double[] restore(float[] rounded, String differences) {
        double[] exact = new double[rounded.length];
        for (int id = 0; id < exact.length; id++) {
            exact[id] = rounded[id];
        }
        for (String entry :
                differences.isBlank() ? new String[0] : differences.strip().split("\\s+")) {
            int colon = entry.indexOf(':');
            try {
                int id = Integer.parseInt(entry, 0, Math.max(0, colon), 10);
                double value = Double.longBitsToDouble(
                        Double.doubleToLongBits(rounded[id]) + Long.parseLong(entry.substring(colon + 1)));
                if ((float) value != rounded[id]) {
                    throw new NumberFormatException("too far from the score");
                }
                exact[id] = value;
            } catch (NumberFormatException | IndexOutOfBoundsException e) {
                throw new InferenceException(
                        "UnigramTokenizer: score_differences has \"" + entry
                                + "\", which is no id:difference of a score",
                        e);
            }
        }
        return exact;
    }
}
