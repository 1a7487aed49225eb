package dev.decanter.tokenizers.sentencepiece;

import dev.decanter.tokenizers.TokenizerException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * SentencePiece's precompiled character map, applied as the C++ library does: the longest rule that the text begins with.
 * The blob is the u32 size of a trie, the trie (a double array of u32 units, as Darts-clone lays it out), then replacements,
 * each ended by a zero byte.
 */
final class CharacterRules {
    private final int[] units;
    private final byte[] replacements;

    /** Of the last match; valid until the next search of the same scratch. */
    static final class Match {
        int length;
        int from;
        int to;
    }

    CharacterRules(byte[] blob) {
        ByteBuffer buffer = ByteBuffer.wrap(blob).order(ByteOrder.LITTLE_ENDIAN);
        int size = blob.length < 4 ? -1 : buffer.getInt(0);
        if (size < 4 || size % 4 != 0 || size > blob.length - 4) {
            throw new TokenizerException(
                    "the precompiled charsmap of " + blob.length + " bytes has no trie of " + size + " bytes");
        }
        units = new int[size / 4];
        buffer.position(4).slice().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(units);
        replacements = Arrays.copyOfRange(blob, 4 + size, blob.length);
    }

    byte[] replacements() {
        return replacements;
    }

    /** Finds the longest rule at {@code at}; {@code match.length} is 0 if there is none. */
    void find(byte[] text, int at, int end, Match match) {
        match.length = 0;
        int node = offset(units[0]);
        for (int i = at; i < end; i++) {
            int label = text[i] & 0xFF;
            node ^= label;
            if (node < 0 || node >= units.length) {
                return;
            }
            int unit = units[node];
            if ((unit & 0x8000_00FF) != label) {
                return;
            }
            node ^= offset(unit);
            if ((unit >>> 8 & 1) == 1) {
                if (node < 0 || node >= units.length) {
                    return;
                }
                match.length = i + 1 - at;
                match.from = units[node] & 0x7FFF_FFFF;
            }
        }
        // Runs past the loop only at the text's end; the replacement is looked up by the caller's resolve.
    }

    /** Completes a match with the bounds of its replacement. */
    void resolve(Match match) {
        if (match.from > replacements.length) {
            throw new TokenizerException("the precompiled charsmap points outside its replacements");
        }
        int to = match.from;
        while (to < replacements.length && replacements[to] != 0) {
            to++;
        }
        match.to = to;
    }

    private static int offset(int unit) {
        return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
    }
}
