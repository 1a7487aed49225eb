package dev.decanter.grammar.json;

import static dev.decanter.grammar.Node.text;

import dev.decanter.grammar.Node;
import java.util.ArrayList;
import java.util.List;

/** How objects are written: declared properties in their order, others after them. */
final class ObjectText {
    private static final int MAX_PROPERTIES = 5_000;

    private final Emitter emitter;
    private final Place place;
    private final ObjectSpec spec;

    ObjectText(Emitter emitter, Place place, ObjectSpec spec) {
        this.emitter = emitter;
        this.place = place;
        this.spec = spec;
    }

    Node node() {
        if (spec.declared().size() > MAX_PROPERTIES) {
            throw place.fault("an object has more than " + MAX_PROPERTIES + " properties");
        }
        List<Members.Member> members = new ArrayList<>();
        for (String name : spec.declared()) {
            Node value = emitter.value(spec.at(name));
            boolean required = spec.required().contains(name);
            if (!value.equals(Node.NOTHING)) {
                members.add(new Members.Member(member(text(JsonText.quote(name)), value), required));
            } else if (required) {
                return Node.NOTHING;
            }
        }
        Node space = emitter.options().whitespace().inside();
        Members all = new Members(emitter, place, members, others(members.size()), spec.min(), spec.max());
        return Members.joined(List.of(text("{"), space, all.node(), space, text("}")));
    }

    private Node member(Node name, Node value) {
        Whitespace whitespace = emitter.options().whitespace();
        return Members.joined(List.of(name, whitespace.inside(), text(":"), whitespace.afterSeparator(), value));
    }

    private Node others(int declared) {
        boolean closed = emitter.options().strict() && spec.describes() && spec.min() <= declared;
        List<Node> options = new ArrayList<>();
        for (ObjectSpec.Cell cell : spec.others()) {
            if ((closed && !cell.mentioned()) || cell.names().equals(Node.NOTHING)) {
                continue;
            }
            Node value = emitter.value(cell.value());
            if (!value.equals(Node.NOTHING) && !Regular.isEmpty(cell.names())) {
                options.add(member(emitter.name(cell.names()), value));
            }
        }
        return Regular.choice(options);
    }
}
