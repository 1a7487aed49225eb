package dev.decanter.cpu.machine;

/** The argument block of {@link AttentionCode}: 8 bytes each, of which the code moves some on as it goes. */
final class AttentionFields {
    /** Addresses of the addresses of the first page of a range. */
    static final int KEY_TABLE = 0;

    static final int VALUE_TABLE = 8;
    /** Pages of a range, and keys of it that there are. */
    static final int PAGES = 16;

    static final int COUNT = 24;
    /** A bit for each key that is left over when 16 are taken at a time. */
    static final int TAIL = 32;
    /** Bytes of f32 before a range's first key in a row over all keys. */
    static final int BEGIN = 40;
    /** Bytes from a page to the head that is worked on, and from head to head. */
    static final int KEY_HEAD = 48;

    static final int KEY_HEAD_BYTES = 56;
    static final int VALUE_HEAD = 64;
    static final int VALUE_HEAD_BYTES = 72;
    /** Bytes from a head to its scales, and from those to the lows. */
    static final int KEY_SCALES = 80;

    static final int KEY_LOWS = 88;
    static final int VALUE_SCALES = 96;
    static final int VALUE_LOWS = 104;
    /** Numbers of a key. */
    static final int SIZE = 112;
    /** Bytes from value to value of a page. */
    static final int VALUE_ROW = 120;
    /** Bytes of a row of results, a multiple of 64. */
    static final int WIDTH = 128;
    /** Heads that are left; for each, rows are in two dimensions, the inner one taken in tiles. */
    static final int HEADS = 136;

    static final int OUTER = 144;
    static final int INNER = 152;
    static final int OUTER_LEFT = 160;
    static final int INNER_AT = 168;
    /** Of a tile of rows: the pages and keys that it sees, at least one. */
    static final int TILE_PAGES = 176;

    static final int TILE_COUNT = 184;
    /** f32 [rows of a tile, keys], with a vector's room before and after each row. */
    static final int SCORES = 192;

    static final int SCORE_BYTES = 200;
    static final int CONSTANTS = 208;
    /** f32: what products of queries and keys are multiplied by. */
    static final int SCALE = 216;
    /** Ranges of keys, each with a part of every row: its sums, then its peak and the sum of its weights, a vector each. */
    static final int RANGES = 224;

    static final int PART_BYTES = 232;
    /** Whether the mask has numbers to add. */
    static final int MASKED = 240;
    /** Bytes of a row of results that are done. */
    static final int COLUMN = 248;

    static final Walk QUERIES = new Walk(256);
    static final Walk OUT = new Walk(304);
    /** First visible key and the one after the last, in bytes of f32. */
    static final Walk LIMITS = new Walk(352);

    static final Walk MASK = new Walk(400);
    static final Walk PARTS = new Walk(448);
    static final Walk[] WALKS = {QUERIES, OUT, LIMITS, MASK, PARTS};

    /** Longs of the block. */
    static final int LONGS = 62;

    private AttentionFields() {}

    /**
     * Addresses of a tensor's rows: at the head that is worked on, at the outer row, at the tile; and the bytes from one to the
     * next of each dimension.
     *
     * @param at offset in the block
     */
    record Walk(int at) {
        int head() {
            return at;
        }

        int outer() {
            return at + 8;
        }

        int tile() {
            return at + 16;
        }

        int headStep() {
            return at + 24;
        }

        int outerStep() {
            return at + 32;
        }

        int innerStep() {
            return at + 40;
        }

        /** Sets where a walk begins and its steps. */
        void set(long[] block, long address, long headStep, long outerStep, long innerStep) {
            int i = at / Long.BYTES;
            block[i] = address;
            block[i + 3] = headStep;
            block[i + 4] = outerStep;
            block[i + 5] = innerStep;
        }

        /** Moves the beginning on. */
        void skip(long[] block, int heads, int outers) {
            int i = at / Long.BYTES;
            block[i] += heads * block[i + 3] + outers * block[i + 4];
        }
    }
}
