package dev.decanter.tokenizers.ops;

import dev.decanter.runtime.InferenceException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Vocabulary and merges of a byte-pair encoding as tables; immutable. What merging does is defined by the
 * {@code tokenizers} library's BPE model.
 *
 * <p>A vocabulary with an entry that is a single byte above 0x7F is one of bytes (GPT-2, Llama 3, Qwen): a symbol to
 * begin with is one byte. In any other a symbol to begin with is one UTF-8 character.
 */
public final class BytePairModel {
    /**
     * How words become symbols.
     *
     * @param unknown the token for a character that is not in the vocabulary
     * @param fuseUnknown whether adjacent unknown characters become one token
     * @param wordInner what the vocabulary puts before every symbol but a word's first; usually nothing
     * @param wordEnd what it puts after a word's last symbol, for example {@code </w>}; usually nothing
     * @param byteFallback whether a character that is not in the vocabulary becomes its bytes' tokens {@code <0x00>} …
     */
    public record Settings(
            Optional<String> unknown, boolean fuseUnknown, String wordInner, String wordEnd, boolean byteFallback) {}

    private static final int NONE = -1;
    private static final byte[] NO_BYTES = {};

    private final StringTable vocabulary;
    private final boolean bytes;
    private final int unknownId;
    private final boolean fuseUnknown;
    private final byte[] wordInner;
    private final byte[] wordEnd;
    private final boolean decorated;
    private final int[] fallback;
    private final int[] singles = new int[256];
    private final long[] pairs;
    private final int[] ranks;
    private final int[] products;
    private final int pairMask;

    /**
     * Ids are positions in {@code vocabulary}.
     *
     * @param addedIds ids which are of added tokens; a string that is both is looked up as the other
     * @param left left parts of the merges, best first
     * @param right right parts
     * @throws InferenceException if a merge's parts or product are not in the vocabulary, or the unknown token is not
     */
    public BytePairModel(Strings vocabulary, int[] addedIds, Strings left, Strings right, Settings settings) {
        boolean[] added = new boolean[vocabulary.size()];
        for (int id : addedIds) {
            if (id >= 0 && id < added.length) {
                added[id] = true;
            }
        }
        this.vocabulary = new StringTable(vocabulary, added);
        this.bytes = hasHighByte(vocabulary);
        this.fuseUnknown = settings.fuseUnknown;
        this.wordInner = settings.wordInner.getBytes(StandardCharsets.UTF_8);
        this.wordEnd = settings.wordEnd.getBytes(StandardCharsets.UTF_8);
        this.decorated = wordInner.length > 0 || wordEnd.length > 0;
        this.unknownId = settings.unknown.map(this::requireUnknown).orElse(NONE);
        this.fallback = settings.byteFallback ? fallbackIds() : new int[0];
        for (int b = 0; b < 256; b++) {
            singles[b] = bytes || b < 0x80 ? this.vocabulary.find(new byte[] {(byte) b}) : NONE;
        }
        int capacity = Integer.highestOneBit(Math.max(8, left.size()) * 2 - 1) * 2;
        pairs = new long[capacity];
        Arrays.fill(pairs, -1);
        ranks = new int[capacity];
        products = new int[capacity];
        pairMask = capacity - 1;
        addMerges(left, right);
    }

    private static boolean hasHighByte(Strings vocabulary) {
        for (int i = 0; i < vocabulary.size(); i++) {
            if (vocabulary.length(i) == 1 && vocabulary.chars[vocabulary.begins[i]] < 0) {
                return true;
            }
        }
        return false;
    }

    private int requireUnknown(String token) {
        int id = vocabulary.find(token.getBytes(StandardCharsets.UTF_8));
        if (id == NONE) {
            throw new InferenceException("BPE: the unknown token \"" + token + "\" is not in the vocabulary");
        }
        return id;
    }

    private int[] fallbackIds() {
        int[] ids = new int[256];
        HexFormat hex = HexFormat.of().withUpperCase();
        for (int b = 0; b < 256; b++) {
            String token = "<0x" + hex.toHexDigits((byte) b).toUpperCase(Locale.ROOT) + ">";
            ids[b] = vocabulary.find(token.getBytes(StandardCharsets.US_ASCII));
        }
        return ids;
    }

    private void addMerges(Strings left, Strings right) {
        int count = left.size();
        if (count != right.size()) {
            throw new InferenceException("BPE: " + count + " left but " + right.size() + " right merge parts");
        }
        int[] leftIds = new int[count];
        int[] rightIds = new int[count];
        int[] made = new int[count];
        // most of what loading a large vocabulary takes
        int parts = Math.clamp(count / 10_000, 1, 8);
        IntStream.range(0, parts).parallel().forEach(part -> {
            int from = (int) ((long) count * part / parts);
            int to = (int) ((long) count * (part + 1) / parts);
            findMerges(left, right, from, to, leftIds, rightIds, made);
        });
        for (int rank = 0; rank < count; rank++) {
            if (leftIds[rank] == NONE || rightIds[rank] == NONE || made[rank] == NONE) {
                String missing = leftIds[rank] == NONE
                        ? "the left part"
                        : rightIds[rank] == NONE ? "the right part" : "the product";
                throw new InferenceException("BPE: merge " + rank + " (\"" + left.text(rank) + "\", \""
                        + right.text(rank) + "\"): " + missing + " is not in the vocabulary");
            }
            putPair(((long) leftIds[rank] << 32) | rightIds[rank], rank, made[rank]);
        }
    }

    /** Looks up the parts and products of the merges {@code from} to {@code to - 1}. */
    private void findMerges(Strings left, Strings right, int from, int to, int[] leftIds, int[] rightIds, int[] made) {
        byte[] joined = new byte[256];
        for (int rank = from; rank < to; rank++) {
            leftIds[rank] = vocabulary.find(left.chars, left.begins[rank], left.ends[rank]);
            rightIds[rank] = vocabulary.find(right.chars, right.begins[rank], right.ends[rank]);
            int leftLength = left.length(rank);
            int rightLength = Math.max(0, right.length(rank) - wordInner.length);
            if (leftLength + rightLength > joined.length) {
                joined = new byte[2 * (leftLength + rightLength)];
            }
            System.arraycopy(left.chars, left.begins[rank], joined, 0, leftLength);
            System.arraycopy(right.chars, right.ends[rank] - rightLength, joined, leftLength, rightLength);
            made[rank] = vocabulary.find(joined, 0, leftLength + rightLength);
        }
    }

    /** A pair that occurs twice keeps its last rank, as in the library's map. */
    private void putPair(long pair, int rank, int product) {
        int slot = (int) StringTable.mix(pair) & pairMask;
        while (pairs[slot] != -1 && pairs[slot] != pair) {
            slot = (slot + 1) & pairMask;
        }
        pairs[slot] = pair;
        ranks[slot] = rank;
        products[slot] = product;
    }

    /** The slot of a merge for {@link #rank} and {@link #product}; −1 if the two do not merge. */
    int merge(int left, int right) {
        long pair = ((long) left << 32) | right;
        int slot = (int) StringTable.mix(pair) & pairMask;
        while (pairs[slot] != pair) {
            if (pairs[slot] == -1) {
                return NONE;
            }
            slot = (slot + 1) & pairMask;
        }
        return slot;
    }

    int rank(int slot) {
        return ranks[slot];
    }

    int product(int slot) {
        return products[slot];
    }

    /** The id of a whole piece, −1 if it is not in the vocabulary. */
    public int find(byte[] text, int from, int to) {
        return vocabulary.find(text, from, to);
    }

    /** Appends the symbols that a piece begins as. */
    void symbols(byte[] text, int from, int to, Ints out) {
        int unknown = NONE;
        for (int at = from; at < to; ) {
            int length = bytes ? 1 : Math.max(1, Utf8.sequence(text, at, to));
            byte[] symbol = decorated ? decorated(text, at, length, at == from, at + length == to) : NO_BYTES;
            int id = decorated
                    ? vocabulary.find(symbol)
                    : length == 1 ? singles[text[at] & 0xFF] : vocabulary.find(text, at, at + length);
            if (id != NONE) {
                if (unknown != NONE) {
                    out.add(unknown);
                    unknown = NONE;
                }
                out.add(id);
            } else if (!(decorated ? addFallback(symbol, 0, symbol.length, out) : addFallback(text, at, length, out))
                    && unknownId != NONE) {
                if (unknown != NONE && !fuseUnknown) {
                    out.add(unknown);
                }
                unknown = unknownId;
            }
            at += length;
        }
        if (unknown != NONE) {
            out.add(unknown);
        }
    }

    /** A symbol with what the vocabulary puts before or after it. */
    private byte[] decorated(byte[] text, int at, int length, boolean first, boolean last) {
        int before = first ? 0 : wordInner.length;
        int after = last ? wordEnd.length : 0;
        byte[] symbol = new byte[before + length + after];
        System.arraycopy(wordInner, 0, symbol, 0, before);
        System.arraycopy(text, at, symbol, before, length);
        System.arraycopy(wordEnd, 0, symbol, before + length, after);
        return symbol;
    }

    private boolean addFallback(byte[] text, int at, int length, Ints out) {
        if (fallback.length == 0) {
            return false;
        }
        for (int i = at; i < at + length; i++) {
            if (fallback[text[i] & 0xFF] == NONE) {
                return false;
            }
        }
        for (int i = at; i < at + length; i++) {
            out.add(fallback[text[i] & 0xFF]);
        }
        return true;
    }
}
