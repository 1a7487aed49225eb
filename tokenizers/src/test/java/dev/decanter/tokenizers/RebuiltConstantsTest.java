package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.file.IrWriter;
import dev.decanter.ir.op.Op;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Qwen3 tokenizer and detokenizer that OpenVINO Tokenizers 2026.1 wrote, of which the weights are not here. Its layers
 * get the constants that our conversion of the same vocabulary makes: the graphs have the same form, layer by layer.
 */
class RebuiltConstantsTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    Path folder;

    @Test
    void runsGraphsOfOpenVinoTokenizers() throws IOException {
        Optional<Path> source = TestFiles.shared("real/llm-evaai-model.ov");
        assumeTrue(source.isPresent(), "shared reference files are not here: real/llm-evaai-model.ov");
        writeTokenizerJson(source.get(), folder.resolve("tokenizer.json"));
        Path ours = folder.resolve("ours");
        Path theirs = folder.resolve("theirs");
        try (Tokenizer tokenizer = TestFiles.throughDisk(folder, ours)) {
            for (String file : List.of(TokenizerConverter.TOKENIZER, TokenizerConverter.DETOKENIZER)) {
                Model rebuilt = IrReader.readTopology(source.get().resolve(file));
                rebuild(rebuilt, IrReader.read(ours.resolve(file)));
                IrWriter.write(rebuilt, theirs.resolve(file));
            }
            try (Tokenizer rebuilt = Tokenizer.load(theirs)) {
                assertThat(rebuilt.chatTemplate().orElseThrow()).contains("<|im_start|>");
                for (String text : List.of(
                        "<|im_start|>user\nПривет, мир! 123<|im_end|>\n", "it's  a\u00a0test e\u0301", "", "🚀👩‍🚀")) {
                    long[] ids = tokenizer.encodeToIds(text);
                    assertThat(rebuilt.encodeToIds(text)).as(text).isEqualTo(ids);
                    assertThat(rebuilt.decode(ids)).isEqualTo(tokenizer.decode(ids));
                    assertThat(rebuilt.decode(ids, false)).isEqualTo(tokenizer.decode(ids, false));
                }
                assertThat(rebuilt.decode(rebuilt.encodeToIds("Привет <|im_end|>мир")))
                        .isEqualTo("Привет мир");
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

    /** vocab.json, those of merges.txt that make tokens, and the added tokens behind the vocabulary. */
    private static void writeTokenizerJson(Path source, Path target) throws IOException {
        ObjectNode vocab = (ObjectNode) TestFiles.json(source.resolve("vocab.json"));
        ObjectNode root = MAPPER.createObjectNode();
        ObjectNode model = root.putObject("model").put("type", "BPE");
        ArrayNode merges = model.putArray("merges");
        for (String line : Files.readAllLines(source.resolve("merges.txt"))) {
            String[] parts = line.split(" ", -1);
            if (parts.length == 2 && vocab.has(parts[0]) && vocab.has(parts[1]) && vocab.has(parts[0] + parts[1])) {
                merges.add(line);
            }
        }
        assertThat(merges.size()).isGreaterThan(50_000);
        model.set("vocab", vocab);
        ArrayNode added = root.putArray("added_tokens");
        int id = vocab.size();
        JsonNode tokens =
                TestFiles.json(source.resolve("tokenizer_config.json")).path("added_tokens_decoder");
        for (JsonNode token : tokens) {
            ((ObjectNode) token).put("id", id++).put("normalized", false);
            added.add(token);
        }
        root.set("normalizer", MAPPER.readTree("{\"type\": \"NFC\"}"));
        JsonNode qwen = TestFiles.json(TestFiles.golden("qwen2").resolve("tokenizer.json"));
        root.set("pre_tokenizer", qwen.path("pre_tokenizer"));
        root.set("decoder", qwen.path("decoder"));
        Files.writeString(target, MAPPER.writeValueAsString(root));
    }
}
