package dev.decanter.genai.lm;

/** Logits of the last positions of a step; valid until the next step. */
public interface StepLogits {
    /** Rows of the step. */
    int rows();

    /** For how many last positions there are logits: as many as the step asked for. */
    int positions();

    /** Logits of one position. */
    int vocabulary();

    /**
     * Copies the logits behind one position.
     *
     * @param row from 0
     * @param position from 0, the first of those asked for, to {@code positions() - 1}, the step's last
     * @param target takes {@link #vocabulary} values
     */
    void copyTo(int row, int position, float[] target);
}
