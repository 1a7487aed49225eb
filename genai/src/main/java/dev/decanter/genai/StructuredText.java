package dev.decanter.genai;

import dev.decanter.grammar.Ebnf;
import dev.decanter.grammar.Grammar;
import dev.decanter.grammar.Node;
import dev.decanter.grammar.Regex;
import dev.decanter.grammar.json.JsonSchemaGrammar;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes what structured output is asked for as one grammar. */
final class StructuredText {
    private static final Node ANY_TEXT = Node.star(Node.ANY);

    private final Map<String, Node> rules = new LinkedHashMap<>();
    private int parts;

    private StructuredText() {}

    static Grammar grammar(StructuredOutputConfig config) {
        StructuredText text = new StructuredText();
        Node root = text.node(config);
        text.rules.put("root", root);
        return new Grammar("root", text.rules);
    }

    private Node node(StructuredOutputConfig config) {
        return switch (config) {
            case StructuredOutputConfig.JsonSchema(String schema) -> embedded(JsonSchemaGrammar.of(schema));
            case StructuredOutputConfig.Regex(String expression) -> Regex.matching(expression);
            case StructuredOutputConfig.Grammar(String ebnf) -> embedded(Ebnf.parse(ebnf));
            case StructuredOutputConfig.ConstString(String text) -> Node.text(text);
            case StructuredOutputConfig.AnyText() -> ANY_TEXT;
            case StructuredOutputConfig.Concat(List<StructuredOutputConfig> sequence) ->
                new Node.Sequence(sequence.stream().map(this::node).toList());
            case StructuredOutputConfig.Union(List<StructuredOutputConfig> options) ->
                new Node.Choice(options.stream().map(this::node).toList());
            case StructuredOutputConfig.Tag tag -> tag(tag);
            case StructuredOutputConfig.TriggeredTags tags -> tags(tags);
        };
    }

    /** Rules of grammars that were written apart may have the same names. */
    private Node embedded(Grammar grammar) {
        Grammar renamed = grammar.withPrefix("p" + parts++ + "-");
        rules.putAll(renamed.rules());
        return Node.rule(renamed.root());
    }

    private Node tag(StructuredOutputConfig.Tag tag) {
        return Node.sequence(Node.text(tag.begin()), node(tag.content()), Node.text(tag.end()));
    }

    private Node tags(StructuredOutputConfig.TriggeredTags tags) {
        Node trigger = new Node.Choice(tags.triggers().stream().map(Node::text).toList());
        Node free = named(new Node.Except(ANY_TEXT, Node.sequence(ANY_TEXT, trigger, ANY_TEXT)));
        Node tag = named(new Node.Choice(tags.tags().stream().map(this::tag).toList()));
        Node one = Node.sequence(free, tag);
        if (tags.stopAfterFirst()) {
            return tags.atLeastOne() ? one : Node.choice(free, one);
        }
        Node all = new Node.Repeat(one, tags.atLeastOne() ? 1 : 0, Node.Repeat.UNBOUNDED);
        return Node.sequence(all, free);
    }

    private Node named(Node node) {
        String name = "t" + parts++;
        rules.put(name, node);
        return Node.rule(name);
    }
}
