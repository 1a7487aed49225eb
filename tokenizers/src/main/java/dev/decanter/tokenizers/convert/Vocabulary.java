package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.TokenizerException;
import dev.decanter.tokenizers.ops.ByteLevel;
import dev.decanter.tokenizers.ops.BytePairEncoder;
import dev.decanter.tokenizers.ops.BytePairModel;
import dev.decanter.tokenizers.ops.Strings;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Lists of tokens by id, as bytes. */
final class Vocabulary {
    /** No vocabulary has ids of this size; a table of such a length is a broken file's. */
    private static final int MAX_IDS = 1 << 24;

    private Vocabulary() {}

    /** A token's bytes: those that GPT-2's characters stand for if {@code byteLevel} and all stand for one, else UTF-8. */
    static byte[] bytes(String token, boolean byteLevel) {
        Optional<byte[]> mapped = byteLevel ? ByteLevel.bytes(token) : Optional.empty();
        return mapped.orElseGet(() -> token.getBytes(StandardCharsets.UTF_8));
    }

    /** What is decoded: all tokens by id, those found in normalized text as they are there; ids without a token are empty. */
    static Strings decoded(TokenizerSpec spec, boolean byteLevel) {
        byte[][] tokens = byId(spec, byteLevel);
        if (spec.model() instanceof ModelSpec.Unigram unigram) {
            for (int id = 0; id < tokens.length && id < unigram.tokens().size(); id++) {
                tokens[id] = bytes(unigram.tokens().get(id), byteLevel);
            }
        }
        for (AddedToken token : spec.added()) {
            boolean rewritten = token.normalized() && !token.special();
            tokens[token.id()] = bytes(rewritten ? spec.normalize(token.content()) : token.content(), byteLevel);
        }
        return strings(Arrays.asList(tokens));
    }

    /** What is encoded: all tokens by id, those that only are added behind a mark; ids without a token are empty. */
    static Strings encoded(TokenizerSpec spec, boolean byteLevel, String mark) {
        byte[][] tokens = byId(spec, byteLevel);
        for (AddedToken token : spec.added()) {
            if (!spec.model().vocabulary().containsKey(token.content())) {
                tokens[token.id()] = bytes(mark + token.content(), false);
            }
        }
        return strings(Arrays.asList(tokens));
    }

    private static byte[][] byId(TokenizerSpec spec, boolean byteLevel) {
        int size = spec.size();
        if (size > MAX_IDS) {
            throw new TokenizerException(spec.file() + ": the greatest id is " + (size - 1) + ", above " + MAX_IDS);
        }
        byte[][] tokens = new byte[size][];
        Arrays.fill(tokens, new byte[0]);
        for (Map.Entry<String, Integer> entry : spec.model().vocabulary().entrySet()) {
            tokens[entry.getValue()] = bytes(entry.getKey(), byteLevel);
        }
        return tokens;
    }

    static Strings strings(List<byte[]> tokens) {
        int[] begins = new int[tokens.size()];
        int[] ends = new int[tokens.size()];
        ByteArrayOutputStream chars = new ByteArrayOutputStream();
        for (int i = 0; i < tokens.size(); i++) {
            begins[i] = chars.size();
            chars.writeBytes(tokens.get(i));
            ends[i] = chars.size();
        }
        return new Strings(begins, ends, chars.toByteArray());
    }

    static Strings strings(List<String> tokens, boolean byteLevel) {
        return strings(tokens.stream().map(t -> bytes(t, byteLevel)).toList());
    }

    /**
     * Tokens that merging does not make of their own text. With {@code ignore_merges} a piece that is such a token has its id
     * nevertheless: in the graph they stand among the added tokens, which are looked up as whole pieces.
     */
    static List<Integer> unreachable(Strings vocabulary, int[] addedIds, BytePairModel model) {
        BytePairEncoder encoder = new BytePairEncoder(model);
        boolean[] added = new boolean[vocabulary.size()];
        for (int id : addedIds) {
            added[id] = true;
        }
        List<Integer> ids = new ArrayList<>();
        for (int id = 0; id < vocabulary.size(); id++) {
            int from = vocabulary.begins()[id];
            int to = vocabulary.ends()[id];
            if (from == to || added[id]) {
                continue;
            }
            int[] encoded = encoder.encode(vocabulary.chars(), from, to);
            if (encoded.length != 1 || encoded[0] != id) {
                ids.add(id);
            }
        }
        return ids;
    }
}
