package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;

/** Text and ids of an answer, whatever its tokens are cut from. */
class AnswerTest {
    /** Bytes of tokens: whole words, and characters of two to four bytes in pieces. */
    private static final byte[][] VOCABULARY = {
        bytes("a"),
        bytes("b"),
        bytes("ab"),
        bytes("ST"),
        bytes("OP"),
        bytes("STOP b"),
        bytes(" "),
        bytes("TOPS"),
        {},
        {(byte) 0xC3},
        {(byte) 0xA9},
        {(byte) 0xF0, (byte) 0x9F},
        {(byte) 0x98},
        {(byte) 0x80},
        {(byte) 0x80, 'a'}
    };

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Decodes bytes as the tokenizers' streams do: what may become a character with the next byte is held back. */
    private static final class Bytes implements TextStream {
        private final ByteArrayOutputStream all = new ByteArrayOutputStream();
        private int emitted;

        @Override
        public String push(long id) {
            all.writeBytes(VOCABULARY[(int) id]);
            String text = all.toString(StandardCharsets.UTF_8);
            int end = text.length();
            while (end > 0 && text.charAt(end - 1) == '\uFFFD') {
                end--;
            }
            return upTo(text, end);
        }

        private String upTo(String text, int end) {
            String piece = text.substring(Math.min(emitted, end), end);
            emitted = Math.max(emitted, end);
            return piece;
        }

        @Override
        public String flush() {
            String text = all.toString(StandardCharsets.UTF_8);
            return upTo(text, text.length());
        }

        @Override
        public TextStream copy() {
            Bytes copy = new Bytes();
            copy.all.writeBytes(all.toByteArray());
            copy.emitted = emitted;
            return copy;
        }
    }

    private static String decoded(List<Integer> tokens) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        tokens.forEach(token -> all.writeBytes(VOCABULARY[token]));
        return all.toString(StandardCharsets.UTF_8);
    }

    @Provide
    static Arbitrary<List<Integer>> tokens() {
        return Arbitraries.integers()
                .between(0, VOCABULARY.length - 1)
                .list()
                .ofMinSize(1)
                .ofMaxSize(30);
    }

    @Provide
    static Arbitrary<Set<String>> stops() {
        return Arbitraries.of("STOP", "b", "ba", "OPS", "é", "😀a", " ST", "abab", "TOP", "\uFFFDa")
                .set()
                .ofMaxSize(3);
    }

    @Property(tries = 3000)
    void textIsWhatIsStreamedAndIdsAreItsTokens(
            @ForAll("tokens") List<Integer> tokens, @ForAll("stops") Set<String> stops, @ForAll boolean include) {
        GenerationConfig config = GenerationConfig.builder()
                .stopStrings(stops)
                .includeStopString(include)
                .build();
        Answer answer = new Answer(config, Bytes::new);
        StringBuilder streamed = new StringBuilder();
        List<Integer> used = new ArrayList<>();
        for (int token : tokens) {
            used.add(token);
            streamed.append(answer.push(token));
            if (answer.stopped()) {
                break;
            }
        }
        streamed.append(answer.flush());

        assertThat(answer.text()).isEqualTo(streamed.toString());
        assertThat(answer.text()).isEqualTo(expected(decoded(tokens), stops, include));
        List<Long> ids = answer.ids();
        List<Integer> kept = ids.stream().map(Long::intValue).toList();
        assertThat(kept).isEqualTo(used.subList(0, kept.size()));
        if (answer.stopped()) {
            assertThat(decoded(kept)).startsWith(answer.text());
            boolean fewer =
                    !kept.isEmpty() && decoded(kept.subList(0, kept.size() - 1)).startsWith(answer.text());
            assertThat(fewer).isFalse();
        } else {
            assertThat(kept).isEqualTo(tokens);
            assertThat(answer.text()).isEqualTo(decoded(tokens));
        }
    }

    /** By the definition: the stop string that is complete first, the longest of those. */
    private static String expected(String text, Set<String> stops, boolean include) {
        for (int end = 1; end <= text.length(); end++) {
            int start = Integer.MAX_VALUE;
            for (String stop : stops) {
                if (text.startsWith(stop, end - stop.length())) {
                    start = Math.min(start, end - stop.length());
                }
            }
            if (start < Integer.MAX_VALUE) {
                return text.substring(0, include ? end : start);
            }
        }
        return text;
    }

    @Property(tries = 300)
    void anEchoedPromptIsNotSearched(
            @ForAll("tokens") List<Integer> prompt, @ForAll("tokens") @Size(max = 10) List<Integer> tokens) {
        GenerationConfig config = GenerationConfig.builder().stopString("STOP").build();
        Answer answer = new Answer(config, Bytes::new);
        StringBuilder streamed =
                new StringBuilder(answer.echo(prompt.stream().mapToLong(i -> i).toArray()));
        for (int token : tokens) {
            streamed.append(answer.push(token));
            if (answer.stopped()) {
                break;
            }
        }
        streamed.append(answer.flush());
        assertThat(answer.text()).isEqualTo(streamed.toString());
        assertThat(answer.echoed()).isEqualTo(prompt.size());
        assertThat(answer.ids()).hasSizeGreaterThanOrEqualTo(prompt.size());
        if (!answer.stopped()) {
            List<Integer> both = new ArrayList<>(prompt);
            both.addAll(tokens);
            assertThat(answer.text()).isEqualTo(decoded(both));
        }
    }
}
