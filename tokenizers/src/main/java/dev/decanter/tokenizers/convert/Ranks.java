package dev.decanter.tokenizers.convert;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.decanter.tokenizers.TokenizerException;
import dev.decanter.tokenizers.ops.ByteLevel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The ranks of a tiktoken file: lines of a token's bytes in base 64 and its rank, which is its id and the order of its merge.
 *
 * @param file where they are from
 * @param sha256 the file's digest, in hexadecimal digits
 * @param ids ids by token, bytes as GPT-2's characters
 */
record Ranks(Path file, String sha256, Map<String, Integer> ids) {
    private static final int PROBE = 256;

    /** Whether a file's first line is one of tiktoken's, as opposed to the protocol buffer of a SentencePiece model. */
    static boolean areIn(Path file) {
        byte[] bytes = TextLines.start(file, PROBE);
        String start = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = start.indexOf('\n');
        String line = end < 0 && bytes.length < PROBE ? start : start.substring(0, Math.max(0, end));
        return line.strip().matches("[A-Za-z0-9+/]+={0,2} \\d+");
    }

    /** Reads a file; throws {@link TokenizerException} naming the line that is wrong. */
    static Ranks read(Path file) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        int number = 0;
        for (String line : TextLines.read(file)) {
            number++;
            if (line.isBlank()) {
                continue;
            }
            String[] words = line.strip().split(" ", -1);
            if (words.length != 2 || !words[1].matches("\\d{1,9}")) {
                throw wrong(file, number, "expected a token in base 64 and its rank");
            }
            byte[] token;
            try {
                token = Base64.getDecoder().decode(words[0]);
            } catch (IllegalArgumentException e) {
                throw wrong(file, number, "\"" + words[0] + "\" is not base 64");
            }
            if (ids.put(ByteLevel.chars(token), Integer.parseInt(words[1])) != null) {
                throw wrong(file, number, "the token \"" + words[0] + "\" has a rank already");
            }
        }
        Ranks ranks = new Ranks(file, digest(TextLines.bytes(file)), ids);
        ranks.check();
        return ranks;
    }

    private static TokenizerException wrong(Path file, int line, String what) {
        return new TokenizerException(file + ": line " + line + ": " + what);
    }

    private void check() {
        boolean[] seen = new boolean[ids.size()];
        ids.forEach((token, rank) -> {
            if (rank >= seen.length || seen[rank]) {
                throw new TokenizerException(
                        file + ": the ranks of " + seen.length + " tokens are not 0 to " + (seen.length - 1));
            }
            seen[rank] = true;
        });
        for (int value = 0; value < 256; value++) {
            if (!ids.containsKey(String.valueOf(ByteLevel.charOf((byte) value)))) {
                throw new TokenizerException(
                        file + ": has no token for the byte " + value + ", so that not every text has ids");
            }
        }
    }

    private static String digest(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private record Merge(String left, String right, int leftId, int rightId, int rank) {}

    /**
     * All merges: a token comes of every pair of tokens that it is made of, at its own rank. Merging two neighbours of which
     * the joined bytes have the lowest rank, as tiktoken does, is then merging by order.
     */
    ArrayNode merges() {
        List<Merge> merges = new ArrayList<>();
        ids.forEach((token, rank) -> {
            for (int cut = 1; cut < token.length(); cut++) {
                String left = token.substring(0, cut);
                String right = token.substring(cut);
                Integer leftId = ids.get(left);
                Integer rightId = ids.get(right);
                if (leftId != null && rightId != null) {
                    merges.add(new Merge(left, right, leftId, rightId, rank));
                }
            }
        });
        merges.sort(Comparator.comparingInt(Merge::rank)
                .thenComparingInt(Merge::leftId)
                .thenComparingInt(Merge::rightId));
        ArrayNode list = Parts.array();
        merges.forEach(merge -> list.addArray().add(merge.left).add(merge.right));
        return list;
    }
}
