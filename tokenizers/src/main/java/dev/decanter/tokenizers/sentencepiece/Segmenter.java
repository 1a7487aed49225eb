package dev.decanter.tokenizers.sentencepiece;

/** Cuts normalized text into pieces. Safe for several threads. */
interface Segmenter {
    /** Takes pieces from left to right: bytes {@code from} to {@code to}, which have this id. */
    @FunctionalInterface
    interface Sink {
        void piece(int from, int to, int id);
    }

    void segment(byte[] text, int size, Sink sink);

    static Segmenter of(SentencePieceModel model, PieceIndex index) {
        return switch (model.trainer().kind()) {
            case UNIGRAM -> new UnigramSegmenter(index);
            case BPE -> new BpeSegmenter(index);
            case WORD -> (text, size, sink) -> words(index, text, size, sink);
            case CHAR -> (text, size, sink) -> characters(index, text, size, sink);
        };
    }

    private static void characters(PieceIndex index, byte[] text, int size, Sink sink) {
        for (int at = 0; at < size; ) {
            int to = at + index.symbol(text, at, size);
            sink.piece(at, to, index.id(text, at, to));
            at = to;
        }
    }

    /** A word begins at each ▁. */
    private static void words(PieceIndex index, byte[] text, int size, Sink sink) {
        int begin = 0;
        for (int at = 0; at < size; ) {
            int to = at + PieceIndex.character(text, at, size);
            if (at > begin && TextNormalizer.isSpaceSymbol(text, at, size)) {
                sink.piece(begin, at, index.id(text, begin, at));
                begin = at;
            }
            at = to;
        }
        if (begin < size) {
            sink.piece(begin, size, index.id(text, begin, size));
        }
    }
}
