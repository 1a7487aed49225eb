package dev.decanter.tokenizers.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.runtime.InferenceException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class BytePairEncoderTest {
    private static final BytePairModel.Settings PLAIN =
            new BytePairModel.Settings(Optional.empty(), false, "", "", false);

    private static BytePairModel model(
            List<String> vocabulary, List<String[]> merges, BytePairModel.Settings settings) {
        return new BytePairModel(
                Strings.of(vocabulary),
                new int[0],
                Strings.of(merges.stream().map(m -> m[0]).toList()),
                Strings.of(merges.stream().map(m -> m[1]).toList()),
                settings);
    }

    private static List<String> encode(List<String> vocabulary, BytePairModel model, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        List<String> tokens = new ArrayList<>();
        for (int id : new BytePairEncoder(model).encode(bytes, 0, bytes.length)) {
            tokens.add(vocabulary.get(id));
        }
        return tokens;
    }

    /** Looks for the best pair in all of the text, again and again. */
    private static List<String> naive(List<String[]> merges, String text) {
        List<String> symbols =
                new ArrayList<>(text.codePoints().mapToObj(Character::toString).toList());
        while (true) {
            int best = Integer.MAX_VALUE;
            int at = -1;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                for (int rank = 0; rank < merges.size() && rank < best; rank++) {
                    if (merges.get(rank)[0].equals(symbols.get(i)) && merges.get(rank)[1].equals(symbols.get(i + 1))) {
                        best = rank;
                        at = i;
                    }
                }
            }
            if (at < 0) {
                return symbols;
            }
            symbols.set(at, symbols.get(at) + symbols.remove(at + 1));
        }
    }

    @Property(tries = 300)
    void mergesLikeTheNaiveAlgorithm(
            @ForAll @CharRange(from = 'a', to = 'd') @StringLength(max = 150) String text, @ForAll long seed) {
        Random random = new Random(seed);
        Set<String> tokens = new LinkedHashSet<>(List.of("a", "b", "c", "d"));
        List<String[]> merges = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            List<String> known = new ArrayList<>(tokens);
            String left = known.get(random.nextInt(known.size()));
            String right = known.get(random.nextInt(known.size()));
            if (merges.stream().noneMatch(m -> m[0].equals(left) && m[1].equals(right))) {
                merges.add(new String[] {left, right});
                tokens.add(left + right);
            }
        }
        List<String> vocabulary = List.copyOf(tokens);
        assertThat(encode(vocabulary, model(vocabulary, merges, PLAIN), text)).isEqualTo(naive(merges, text));
    }

    @Test
    void unknownCharactersBecomeBytesOrTheUnknownTokenOrNothing() {
        List<String> vocabulary = List.of("<unk>", "a", "<0xC3>", "<0xA9>");
        assertThat(encode(vocabulary, model(vocabulary, List.of(), PLAIN), "aéxa"))
                .containsExactly("a", "a");
        BytePairModel.Settings bytes = new BytePairModel.Settings(Optional.of("<unk>"), true, "", "", true);
        assertThat(encode(vocabulary, model(vocabulary, List.of(), bytes), "aéxya"))
                .containsExactly("a", "<0xC3>", "<0xA9>", "<unk>", "a");
        BytePairModel.Settings single = new BytePairModel.Settings(Optional.of("<unk>"), false, "", "", false);
        assertThat(encode(vocabulary, model(vocabulary, List.of(), single), "xya"))
                .containsExactly("<unk>", "<unk>", "a");
    }

    @Test
    void decoratesInnerAndLastSymbols() {
        List<String> vocabulary = List.of("a", "##b", "##c</w>", "##bc</w>", "abc</w>", "a</w>");
        List<String[]> merges = List.of(new String[] {"##b", "##c</w>"}, new String[] {"a", "##bc</w>"});
        BytePairModel.Settings settings = new BytePairModel.Settings(Optional.empty(), false, "##", "</w>", false);
        BytePairModel model = model(vocabulary, merges, settings);
        assertThat(encode(vocabulary, model, "abc")).containsExactly("abc</w>");
        assertThat(encode(vocabulary, model, "a")).containsExactly("a</w>");
    }

    @Test
    void aMergeOfWhatIsNoTokenIsRefused() {
        List<String[]> merges = List.of(new String[][] {{"a", "b"}});
        assertThatThrownBy(() -> model(List.of("a", "b"), merges, PLAIN))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("merge 0 (\"a\", \"b\"): the product is not in the vocabulary");
        assertThatThrownBy(() -> model(List.of("b", "ab"), merges, PLAIN)).hasMessageContaining("the left part");
    }
}
