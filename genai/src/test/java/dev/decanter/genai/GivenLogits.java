package dev.decanter.genai;

import dev.decanter.genai.lm.StepLogits;

/** Logits that a test computes when they are asked for. */
record GivenLogits(int rows, int positions, int vocabulary, Source source) implements StepLogits {
    /** Writes the logits behind one position. */
    interface Source {
        void write(int row, int position, float[] target);
    }

    @Override
    public void copyTo(int row, int position, float[] target) {
        source.write(row, position, target);
    }
}
