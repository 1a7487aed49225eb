package dev.decanter.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.tokenizers.Tokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
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

    @ArgGroup(multiplicity = "1")
    private Input input = new Input();

    static final class Input {
        @Option(names = "--text", paramLabel = "TEXT", description = "A text.")
        Optional<String> text = Optional.empty();

        @Option(
                names = "--file",
                paramLabel = "LINES.jsonl",
                description = "A file with one JSON string, or list of ids, a line; gives one JSON object a line.")
        Optional<Path> file = Optional.empty();

        @Option(names = "--ids", paramLabel = "IDS", description = "Token ids to decode, such as 1,2,3.")
        Optional<String> ids = Optional.empty();
    }

    @Option(names = "--no-special", description = "Do not add special tokens to the text.")
    private boolean noSpecial;

    @Option(names = "--keep-special", description = "Keep special tokens in the decoded text.")
    private boolean keepSpecial;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    void run() throws IOException {
        long[] given =
                input.ids.map(text -> TokenIds.parse(text, this, "--ids")).orElse(new long[0]);
        try (Tokenizer tokenizer = Tokenizer.load(new ModelFolders(this).tokenizer(model))) {
            List<String> vocabulary = tokenizer.vocabulary();
            if (input.file.isPresent()) {
                file(input.file.get(), tokenizer, vocabulary);
                return;
            }
            long[] ids = input.text.map(text -> encode(tokenizer, text)).orElse(given);
            ObjectNode result = result(tokenizer, vocabulary, ids);
            if (json) {
                print(result);
                return;
            }
            for (int i = 0; i < ids.length; i++) {
                out().println(String.format("%8d  ", ids[i])
                        + result.get("tokens").get(i));
            }
            out().println("text      " + result.get("text"));
        }
    }

    private long[] encode(Tokenizer tokenizer, String text) {
        return tokenizer.encodeToIds(text, !noSpecial);
    }

    private void file(Path file, Tokenizer tokenizer, List<String> vocabulary) throws IOException {
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            int number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (!line.isBlank()) {
                    print(result(tokenizer, vocabulary, ids(file + ":" + number, line, tokenizer)));
                }
            }
        } catch (MalformedInputException e) {
            throw new CommandFailure(file + ": is not UTF-8 text", e);
        }
    }

    private long[] ids(String where, String line, Tokenizer tokenizer) {
        JsonNode value;
        try {
            value = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new CommandFailure(where + ": is not JSON: " + e.getOriginalMessage(), e);
        }
        if (value.isTextual()) {
            return encode(tokenizer, value.textValue());
        }
        if (value.isArray() && value.valueStream().allMatch(id -> id.isIntegralNumber() && id.canConvertToLong())) {
            return value.valueStream().mapToLong(JsonNode::longValue).toArray();
        }
        throw new CommandFailure(where + ": is neither a JSON string nor a list of ids");
    }

    private ObjectNode result(Tokenizer tokenizer, List<String> vocabulary, long[] ids) {
        ObjectNode result = JSON.createObjectNode();
        ArrayNode idList = result.putArray("ids");
        ArrayNode tokens = result.putArray("tokens");
        for (long id : ids) {
            idList.add(id);
            tokens.add(id >= 0 && id < vocabulary.size() ? vocabulary.get((int) id) : "");
        }
        return result.put("text", tokenizer.decode(ids, !keepSpecial));
    }
}
