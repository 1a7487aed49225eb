package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.file.IrWriter;
import dev.decanter.ir.op.Op;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Qwen3 tokenizer and detokenizer that OpenVINO Tokenizers 2026.1 wrote, of which the weights are not here. Its layers
 * get the constants that our conversion of the same vocabulary makes: the graphs have the same form, layer by layer.
 */
class RebuiltConstantsTest {
    @TempDir
    Path folder;

    /** The topology of one Qwen3 tokenizer, the vocabulary of another, and the ids that others published for that one. */
    @Test
    void runsGraphsOfOpenVinoTokenizers() throws IOException {
        Optional<Path> graphs = TestFiles.shared("real/llm-evaai-model.ov");
        Optional<Path> words = TestFiles.shared("real/tokenizers/qwen3-vocab-merges");
        assumeTrue(graphs.isPresent() && words.isPresent(), "shared reference files are not here: real/…");
        Path ours = folder.resolve("ours");
        Path theirs = folder.resolve("theirs");
        try (Tokenizer tokenizer = TestFiles.throughDisk(words.get(), ours)) {
            for (String file : List.of(TokenizerConverter.TOKENIZER, TokenizerConverter.DETOKENIZER)) {
                Model rebuilt = IrReader.readTopology(graphs.get().resolve(file));
                rebuild(rebuilt, IrReader.read(ours.resolve(file)));
                IrWriter.write(rebuilt, theirs.resolve(file));
            }
            try (Tokenizer rebuilt = Tokenizer.load(theirs)) {
                assertThat(rebuilt.chatTemplate().orElseThrow()).contains("<|im_start|>");
                RealFolderTest.givesTheIdsOfLlamaCpp(rebuilt, "qwen2");
                RealFolderTest.givesTheIdsOfTransformersJs(rebuilt, "qwen2", "Xenova/Qwen1.5-0.5B-Chat", true, true);
                for (String text : List.of(
                        "<|im_start|>user\nПривет, мир! 123<|im_end|>\n", "it's  a\u00a0test e\u0301", "", "🚀👩‍🚀")) {
                    long[] ids = tokenizer.encodeToIds(text);
                    assertThat(rebuilt.encodeToIds(text)).as(text).isEqualTo(ids);
                    assertThat(rebuilt.decode(ids)).isEqualTo(tokenizer.decode(ids));
                    assertThat(rebuilt.decode(ids, false)).isEqualTo(tokenizer.decode(ids, false));
                }
                assertThat(rebuilt.encodeToIds("<|im_start|>a<|im_end|>")).containsExactly(151644, 64, 151645);
                assertThat(rebuilt.decode(rebuilt.encodeToIds("Привет <|im_end|>мир")))
                        .isEqualTo("Привет мир");
                TextPair pair = new TextPair("a b", "12");
                assertThat(rebuilt.encodePairs(List.of(pair)).inputIds().toLongs())
                        .isEqualTo(
                                tokenizer.encodePairs(List.of(pair)).inputIds().toLongs())
                        .isEqualTo(LongStream.concat(
                                        Arrays.stream(rebuilt.encodeToIds("a b")),
                                        Arrays.stream(rebuilt.encodeToIds("12")))
                                .toArray());
            }
        }
    }

    /** The n-th layer of a type gets the constants of the other model's n-th layer of that type. */
    private static void rebuild(Model target, Model source) {
        for (String type : target.topologicalOrder().stream()
                .filter(n -> !(n.op() instanceof Op.Constant))
                .map(n -> n.op().type())
                .distinct()
                .toList()) {
            List<Node> to = ofType(target, type);
            List<Node> from = ofType(source, type);
            assertThat(from).as(type).hasSameSizeAs(to);
            for (int n = 0; n < to.size(); n++) {
                assertThat(from.get(n).inputs())
                        .as(type)
                        .hasSameSizeAs(to.get(n).inputs());
                for (int i = 0; i < to.get(n).inputs().size(); i++) {
                    if (to.get(n).input(i).node().op() instanceof Op.Constant) {
                        to.get(n).replaceInput(i, from.get(n).input(i));
                    }
                }
            }
        }
    }

    private static List<Node> ofType(Model model, String type) {
        return model.topologicalOrder().stream()
                .filter(n -> n.op().type().equals(type))
                .toList();
    }
}
