package dev.decanter.cli;

import dev.decanter.genai.GenerationConfigBuilder;
import dev.decanter.genai.StructuredOutputConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The flags that say what an answer must look like. */
final class StructuredOptions {
    @Option(
            names = "--json-schema",
            paramLabel = "FILE|JSON",
            description = "The answer is JSON that validates against this schema: a file, or the schema itself.")
    private Optional<String> jsonSchema = Optional.empty();

    @Option(names = "--regex", paramLabel = "TEXT", description = "The whole answer matches this regular expression.")
    private Optional<String> regex = Optional.empty();

    @Option(
            names = "--grammar",
            paramLabel = "FILE",
            description = "The answer is a text of this grammar (EBNF, rule root).")
    private Optional<Path> grammar = Optional.empty();

    void over(GenerationConfigBuilder builder, BaseCommand command) {
        List<StructuredOutputConfig> asked = new ArrayList<>();
        jsonSchema.ifPresent(text -> asked.add(new StructuredOutputConfig.JsonSchema(
                text.stripLeading().startsWith("{") ? text : read(Path.of(text)))));
        regex.ifPresent(text -> asked.add(new StructuredOutputConfig.Regex(text)));
        grammar.ifPresent(file -> asked.add(new StructuredOutputConfig.Grammar(read(file))));
        if (asked.size() > 1) {
            throw command.usage("Give only one of --json-schema, --regex and --grammar");
        }
        asked.forEach(builder::structuredOutput);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw BaseCommand.unreadable(file, e);
        }
    }
}
