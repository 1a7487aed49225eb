package dev.decanter.genai;

import dev.decanter.tokenizers.StreamingDetokenizer;

/** Turns ids into text as they come. */
interface TextStream {
    /** No text at all. */
    TextStream NONE = new TextStream() {
        @Override
        public String push(long id) {
            return "";
        }

        @Override
        public String flush() {
            return "";
        }

        @Override
        public TextStream copy() {
            return this;
        }
    };

    /** Takes an id; returns the text that is final with it. */
    String push(long id);

    /** The text that was held back. */
    String flush();

    /** A stream in the same state, for a text that goes on otherwise. */
    TextStream copy();

    /** By a detokenizer. */
    static TextStream of(StreamingDetokenizer detokenizer) {
        return new TextStream() {
            @Override
            public String push(long id) {
                return detokenizer.push(id);
            }

            @Override
            public String flush() {
                return detokenizer.flush();
            }

            @Override
            public TextStream copy() {
                return of(detokenizer.copy());
            }
        };
    }
}
