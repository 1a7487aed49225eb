package dev.decanter.genai;

import java.util.List;

/**
 * What an answer must look like. The model can choose only tokens with which it does, and the answer ends when it is complete.
 *
 * {@snippet :
 * var config = GenerationConfig.builder()
 *         .maxNewTokens(200)
 *         .structuredOutput(new StructuredOutputConfig.JsonSchema("{\"type\": \"object\"}"))
 *         .build();
 * }
 *
 * <p>The first three kinds are OpenVINO GenAI's {@code json_schema}, {@code regex} and {@code grammar}; the others put them together, as
 * its compound grammars and structural tags do. Mistakes in a schema, expression or grammar are told by {@code generate}, as
 * {@link dev.decanter.grammar.GrammarException}.
 */
public sealed interface StructuredOutputConfig {

    /**
     * JSON that validates against a schema; {@link dev.decanter.grammar.json.JsonSchemaGrammar} says which keywords there are.
     *
     * @param schema the schema, in JSON
     */
    record JsonSchema(String schema) implements StructuredOutputConfig {}

    /**
     * A text that matches a regular expression as a whole; {@link dev.decanter.grammar.Regex} says what it may have.
     *
     * @param expression the expression
     */
    record Regex(String expression) implements StructuredOutputConfig {}

    /**
     * A text of a grammar in EBNF, the root of which is the rule {@code root}; see {@link dev.decanter.grammar.Ebnf}.
     *
     * @param ebnf the rules
     */
    record Grammar(String ebnf) implements StructuredOutputConfig {}

    /**
     * Exactly this text.
     *
     * @param text the text
     */
    record ConstString(String text) implements StructuredOutputConfig {}

    /** Any text. */
    record AnyText() implements StructuredOutputConfig {}

    /**
     * One after the other.
     *
     * @param parts in order
     */
    record Concat(List<StructuredOutputConfig> parts) implements StructuredOutputConfig {
        /** Copies the list. */
        public Concat {
            parts = List.copyOf(parts);
        }
    }

    /**
     * One of them.
     *
     * @param options at least one
     */
    record Union(List<StructuredOutputConfig> options) implements StructuredOutputConfig {
        /** Copies the list, which has at least one. */
        public Union {
            options = List.copyOf(options);
            GenerationConfig.check(!options.isEmpty(), "structured output union", options, "of one option at least");
        }
    }

    /**
     * Something between two texts, as a tool call has it.
     *
     * @param begin the text before
     * @param content what is between
     * @param end the text behind
     */
    record Tag(String begin, StructuredOutputConfig content, String end) implements StructuredOutputConfig {}

    /**
     * Any text, but where one of the triggers occurs in it, a tag that begins with it follows: OpenVINO GenAI's structural tags.
     *
     * @param triggers at least one, none empty
     * @param tags of which each begins with one of the triggers
     * @param atLeastOne whether one tag must occur
     * @param stopAfterFirst whether the answer ends with the first tag
     */
    record TriggeredTags(List<String> triggers, List<Tag> tags, boolean atLeastOne, boolean stopAfterFirst)
            implements StructuredOutputConfig {
        /** Copies the lists and checks that triggers and tags belong together. */
        public TriggeredTags {
            triggers = List.copyOf(triggers);
            tags = List.copyOf(tags);
            GenerationConfig.check(
                    !triggers.isEmpty() && !triggers.contains(""),
                    "structured output triggers",
                    triggers,
                    "texts, one at least");
            for (Tag tag : tags) {
                GenerationConfig.check(
                        triggers.stream().anyMatch(tag.begin()::startsWith),
                        "a structured output tag's begin",
                        tag.begin(),
                        "a text that begins with one of the triggers " + triggers);
            }
            for (String trigger : triggers) {
                GenerationConfig.check(
                        tags.stream().anyMatch(tag -> tag.begin().startsWith(trigger)),
                        "a structured output trigger",
                        trigger,
                        "the beginning of one of the tags");
            }
        }

        /** Any number of tags anywhere. */
        public TriggeredTags(List<String> triggers, List<Tag> tags) {
            this(triggers, tags, false, false);
        }
    }
}
