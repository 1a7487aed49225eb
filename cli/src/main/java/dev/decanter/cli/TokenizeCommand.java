package dev.decanter.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.tokenizers.Tokenizer;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code decanter tokenize}. */
@Command(
        name = "tokenize",
        description = "Shows the token ids of a text, the tokens, and the text that the ids give back.",
        footer = "  decanter tokenize --model llama-ov --text \"Hello, world\"")
final class TokenizeCommand extends BaseCommand {
    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "DIR",
            description = "An IR folder or a Hugging Face folder.")
    private String model = "";

    @Option(names = "--text", paramLabel = "TEXT", description = "A text.")
    private Optional<String> text = Optional.empty();

    @Option(
            names = "--file",
            paramLabel = "LINES.jsonl",
            description = "A file with one JSON string, or list of ids, a line; gives one JSON object a line.")
    private Optional<Path> file = Optional.empty();

    @Option(
            names = "--ids",
            paramLabel = "IDS",
            description = "Token ids to decode, such as 1,2,3; each must be one of the tokenizer's.")
    private Optional<String> ids = Optional.empty();

    @Option(names = "--no-special", description = "Do not add special tokens to the text.")
    private boolean noSpecial;

    @Option(names = "--keep-special", description = "Keep special tokens in the decoded text.")
    private boolean keepSpecial;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    void run() {
        if (Stream.of(text, file, ids).filter(Optional::isPresent).count() != 1) {
            throw usage("Give one of --text, --file and --ids");
        }
        Optional<long[]> given = ids.map(words -> TokenIds.parse(words, this, "--ids"));
        try (Tokenizer tokenizer = Tokenizer.load(new ModelFolders(this).tokenizer(model))) {
            List<String> vocabulary = tokenizer.vocabulary();
            if (file.isPresent()) {
                file(file.get(), tokenizer, vocabulary);
                return;
            }
            long[] tokens = given.orElseGet(() -> encode(tokenizer, text.orElse("")));
            ObjectNode result = result(given.isPresent() ? "--ids" : "--text", tokenizer, vocabulary, tokens);
            if (json) {
                print(result);
                return;
            }
            for (int i = 0; i < tokens.length; i++) {
                out().println("%8d  %s"
                        .formatted(tokens[i], result.get("tokens").get(i)));
            }
            out().println("text      " + result.get("text"));
        }
    }

    private long[] encode(Tokenizer tokenizer, String words) {
        return tokenizer.encodeToIds(words, !noSpecial);
    }

    /** Line by line, so that a file of any length does. */
    private void file(Path lineFile, Tokenizer tokenizer, List<String> vocabulary) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(lineFile))) {
            int number = 0;
            for (Optional<byte[]> line = line(in); line.isPresent(); line = line(in)) {
                number++;
                String where = lineFile + ":" + number;
                String text = text(where, line.get());
                if (!text.isBlank()) {
                    print(result(where, tokenizer, vocabulary, ids(where, text, tokenizer)));
                }
            }
        } catch (IOException e) {
            throw unreadable(lineFile, e);
        }
    }

    private static Optional<byte[]> line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = in.read();
        if (next < 0) {
            return Optional.empty();
        }
        while (next >= 0 && next != '\n') {
            line.write(next);
            next = in.read();
        }
        return Optional.of(line.toByteArray());
    }

    private static String text(String where, byte[] line) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(line))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new CommandFailure(where + ": is not UTF-8", e);
        }
    }

    private long[] ids(String where, String line, Tokenizer tokenizer) {
        JsonNode value;
        try {
            value = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new CommandFailure(
                    where + ": is not JSON: " + e.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""), e);
        }
        if (value.isTextual()) {
            return encode(tokenizer, value.textValue());
        }
        if (value.isArray() && value.valueStream().allMatch(id -> id.isIntegralNumber() && id.canConvertToLong())) {
            return value.valueStream().mapToLong(JsonNode::longValue).toArray();
        }
        throw new CommandFailure(where + ": is neither a JSON string nor a list of ids");
    }

    private ObjectNode result(String where, Tokenizer tokenizer, List<String> vocabulary, long[] tokenIds) {
        ObjectNode result = JSON.createObjectNode();
        ArrayNode idList = result.putArray("ids");
        ArrayNode tokens = result.putArray("tokens");
        for (long id : tokenIds) {
            if (id < 0 || id >= vocabulary.size()) {
                throw new CommandFailure(
                        where + ": " + id + " is no id of this tokenizer, which has " + vocabulary.size() + " tokens");
            }
            idList.add(id);
            tokens.add(vocabulary.get((int) id));
        }
        return result.put("text", tokenizer.decode(tokenIds, !keepSpecial));
    }
}
