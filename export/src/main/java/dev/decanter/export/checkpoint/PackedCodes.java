package dev.decanter.export.checkpoint;

import dev.decanter.ir.ConstantData;
import dev.decanter.safetensors.CheckpointTensor;
import java.lang.foreign.MemorySegment;

/**
 * Codes of 4 or 8 bits, which a checkpoint keeps in 32-bit words input by input, as a constant that lies output by output. A read
 * unpacks the outputs that it touches, a tile at a time.
 */
final class PackedCodes implements ConstantData {
    /** Codes unpacked at a time: with the words that they come from, about what a second-level cache holds. */
    private static final int TILE = 1 << 19;

    /** Columns that are unpacked together, so that a row's line in the cache is written once. */
    private static final int BLOCK = 8;

    /**
     * Where the codes of a word belong.
     *
     * @param bits of a code
     * @param rows whether a word has codes of consecutive rows (inputs) of one column; else of columns (outputs) of one row
     * @param place for codes of columns: the place in the word, counted from the lowest bits, of each of its columns
     */
    @SuppressWarnings("ArrayRecordComponent") // not compared
    record Packing(int bits, boolean rows, int[] place) {
        /** Codes of consecutive rows, lowest bits first. */
        static Packing rowsPacked(int bits) {
            return new Packing(bits, true, new int[0]);
        }

        /** Codes of consecutive columns, at these places. */
        static Packing columnsPacked(int bits, int[] place) {
            return new Packing(bits, false, place);
        }

        int perWord() {
            return Integer.SIZE / bits;
        }
    }

    private final CheckpointTensor words;
    private final Packing packing;
    private final int outputs;
    private final int[] rows;
    private final int add;
    private final int flip;

    /**
     * A transposed view.
     *
     * @param words i32 [rows / codes a word, outputs] or [rows, outputs / codes a word]
     * @param outputs the rows of the constant, a multiple of the codes in a word where those are packed
     * @param rows the row that each column of the constant is
     * @param add added to each word
     * @param flip bits that are inverted in each code
     */
    PackedCodes(CheckpointTensor words, Packing packing, int outputs, int[] rows, int add, int flip) {
        this.words = words;
        this.packing = packing;
        this.outputs = outputs;
        this.rows = rows;
        this.add = add;
        this.flip = flip;
    }

    @Override
    public long byteSize() {
        return ((long) outputs * rows.length * packing.bits + 7) / 8;
    }

    @Override
    public void read(long offset, MemorySegment target) {
        int perByte = 8 / packing.bits;
        long elements = (long) outputs * rows.length;
        long first = offset * perByte;
        long end = Math.min(elements, (offset + target.byteSize()) * perByte);
        // whole words of outputs, so that no word belongs to two tiles
        int step = packing.perWord() * Math.max(1, TILE / (rows.length * packing.perWord()));
        int output = (int) (first / rows.length) / packing.perWord() * packing.perWord();
        byte[] packed = new byte[Math.toIntExact(target.byteSize())];
        Tile tile = new Tile(Math.min(step, outputs - output));
        for (; (long) output * rows.length < end; output += step) {
            tile.unpack(output, Math.min(step, outputs - output));
            long base = (long) output * rows.length;
            int from = (int) Math.max(0, first - base);
            int to = (int) Math.min(end - base, (long) Math.min(step, outputs - output) * rows.length);
            pack(tile.codes, from, to, base - first, packed);
        }
        MemorySegment.copy(MemorySegment.ofArray(packed), 0, target, 0, packed.length);
    }

    private void pack(byte[] codes, int from, int to, long shift, byte[] packed) {
        if (packing.bits == 8) {
            System.arraycopy(codes, from, packed, (int) (shift + from), to - from);
            return;
        }
        int i = from;
        if (((shift + i) & 1) != 0 && i < to) {
            packed[(int) ((shift + i) >> 1)] |= (byte) (codes[i] << 4);
            i++;
        }
        for (; i + 1 < to; i += 2) {
            packed[(int) ((shift + i) >> 1)] = (byte) (codes[i] | (codes[i + 1] << 4));
        }
        if (i < to) {
            packed[(int) ((shift + i) >> 1)] |= codes[i];
        }
    }

    /** The codes of some outputs, one a byte. */
    private final class Tile {
        final byte[] codes;
        private final int[][] source = new int[BLOCK][];
        private final int[] shifts = new int[BLOCK];
        private final int[][] buffers;
        private final long[] held = new long[BLOCK];

        Tile(int count) {
            codes = new byte[count * rows.length];
            buffers = new int[BLOCK][packing.rows ? count : count / packing.perWord()];
        }

        void unpack(int output, int count) {
            for (int column = 0; column < rows.length; column += BLOCK) {
                int width = Math.min(BLOCK, rows.length - column);
                for (int t = 0; t < width; t++) {
                    fetch(t, rows[column + t], output, count);
                }
                if (packing.rows) {
                    fromRows(column, width, count);
                } else {
                    fromColumns(column, width, count);
                }
            }
        }

        /** The words of one row for the tile's outputs; neighbours in a word are fetched once. */
        private void fetch(int t, int row, int output, int count) {
            int perWord = packing.perWord();
            long wordRow = packing.rows ? row / perWord : row;
            shifts[t] = packing.rows ? row % perWord * packing.bits : 0;
            if (t > 0 && held[t - 1] == wordRow) {
                source[t] = source[t - 1];
            } else {
                int width = packing.rows ? outputs : outputs / perWord;
                int at = packing.rows ? output : output / perWord;
                PackedMatrix.copyWords(words, wordRow * width + at, buffers[t], packing.rows ? count : count / perWord);
                source[t] = buffers[t];
            }
            held[t] = wordRow;
        }

        private void fromRows(int column, int width, int count) {
            int mask = (1 << packing.bits) - 1;
            for (int o = 0; o < count; o++) {
                int at = o * rows.length + column;
                for (int t = 0; t < width; t++) {
                    codes[at + t] = (byte) ((((source[t][o] + add) >>> shifts[t]) & mask) ^ flip);
                }
            }
        }

        private void fromColumns(int column, int width, int count) {
            int mask = (1 << packing.bits) - 1;
            int perWord = packing.perWord();
            for (int o = 0; o < count; o++) {
                int at = o * rows.length + column;
                int shift = packing.place[o % perWord] * packing.bits;
                for (int t = 0; t < width; t++) {
                    codes[at + t] = (byte) ((((source[t][o / perWord] + add) >>> shift) & mask) ^ flip);
                }
            }
        }
    }
}
