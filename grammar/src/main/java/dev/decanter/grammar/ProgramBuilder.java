package dev.decanter.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes rules as positions, from the end of each rule to its beginning. */
final class ProgramBuilder {
    static final int MAX_POSITIONS = 1_000_000;

    /** Repetitions that make fewer positions than this are written out; the others are counted. */
    private static final int WRITTEN_OUT = 48;

    private static final Position[] UNKNOWN = {};

    private final Map<String, Node> rules;
    private final List<Position> positions = new ArrayList<>();
    private final Map<String, Position> starts = new HashMap<>();
    private final List<String> open = new ArrayList<>();
    private final Map<CharsKey, Position> sets = new HashMap<>();
    private final boolean[] alphabet;
    private final Nullability nullability;
    private final Position end;
    private final Position loopEnd;

    private record CharsKey(CodePoints set, Position next) {}

    private ProgramBuilder(Map<String, Node> rules, boolean[] alphabet) {
        this.rules = rules;
        this.alphabet = alphabet;
        nullability = new Nullability(rules);
        end = add(Position.of(0, Position.Kind.END));
        loopEnd = add(Position.of(1, Position.Kind.LOOP_END));
    }

    /**
     * The program of rules that do not begin with themselves.
     *
     * @param alphabet which bytes a text can have at all
     */
    static Program build(String root, Map<String, Node> rules, boolean[] alphabet) {
        ProgramBuilder builder = new ProgramBuilder(rules, alphabet);
        Position start = builder.start(root);
        while (!builder.open.isEmpty()) {
            String rule = builder.open.removeLast();
            Position split = builder.start(rule);
            split.targets = new Position[] {builder.compile(builder.body(rule), builder.end)};
        }
        return new Program(start, builder.positions);
    }

    private Node body(String rule) {
        return rules.getOrDefault(rule, Node.NOTHING);
    }

    private Position start(String rule) {
        return starts.computeIfAbsent(rule, name -> {
            open.add(name);
            return add(Position.of(positions.size(), Position.Kind.SPLIT, UNKNOWN));
        });
    }

    private Position add(Position position) {
        if (position.index != positions.size()) {
            throw new IllegalStateException("position " + position.index + " is added as number " + positions.size());
        }
        if (positions.size() >= MAX_POSITIONS) {
            throw new GrammarException("the grammar is too large: it needs more than " + MAX_POSITIONS
                    + " positions; write repeated parts as rules, or allow less");
        }
        positions.add(position);
        return position;
    }

    /** The position from which a node and then what is at next is read. */
    private Position compile(Node node, Position next) {
        return switch (node) {
            case Node.Text(String text) -> literal(text.getBytes(StandardCharsets.UTF_8), 0, next);
            case Node.Chars(CodePoints set) ->
                sets.computeIfAbsent(
                        new CharsKey(set, next), _ -> bytes(Utf8.sequences(set), 0, next, new HashMap<>()));
            case Node.Sequence(List<Node> parts) -> {
                Position position = next;
                for (Node part : parts.reversed()) {
                    position = compile(part, position);
                }
                yield position;
            }
            case Node.Choice(List<Node> options) -> choice(options, next);
            case Node.Reference(String rule) -> {
                Position callee = start(rule);
                yield add(Position.of(positions.size(), Position.Kind.CALL, callee, next));
            }
            case Node.Repeat repeat -> repeat(repeat, next);
            case Node.Both(Node first, Node second) -> automaton(Dfa.both(dfa(first), dfa(second)), next);
            case Node.Except(Node of, Node excluded) -> automaton(Dfa.except(dfa(of), dfa(excluded)), next);
        };
    }

    private Position literal(byte[] bytes, int from, Position next) {
        Position position = next;
        for (int i = bytes.length - 1; i >= from; i--) {
            position = oneByte(bytes[i] & 0xFF, position);
        }
        return position;
    }

    private Position oneByte(int value, Position next) {
        return bytes(new int[] {value}, new int[] {value}, new Position[] {next});
    }

    /** Leaves out ranges in which no byte can occur. */
    private Position bytes(int[] low, int[] high, Position[] targets) {
        int kept = 0;
        for (int i = 0; i < low.length; i++) {
            boolean occurs = false;
            for (int value = low[i]; value <= high[i] && !occurs; value++) {
                occurs = alphabet[value];
            }
            if (occurs) {
                low[kept] = low[i];
                high[kept] = high[i];
                targets[kept++] = targets[i];
            }
        }
        return add(Position.bytes(
                positions.size(), Arrays.copyOf(low, kept), Arrays.copyOf(high, kept), Arrays.copyOf(targets, kept)));
    }

    /** Options that are plain texts share their beginnings, so that a long list of them is one way to read and not many. */
    private Position choice(List<Node> options, Position next) {
        List<byte[]> texts = new ArrayList<>();
        List<Position> targets = new ArrayList<>();
        for (Node option : options) {
            if (option instanceof Node.Text(String text)) {
                texts.add(text.getBytes(StandardCharsets.UTF_8));
            } else {
                targets.add(compile(option, next));
            }
        }
        if (!texts.isEmpty()) {
            texts.sort(Arrays::compareUnsigned);
            targets.add(texts(texts, 0, next));
        }
        return split(targets);
    }

    private Position texts(List<byte[]> sorted, int depth, Position next) {
        if (sorted.size() == 1) {
            return literal(sorted.getFirst(), depth, next);
        }
        List<Position> targets = new ArrayList<>();
        int[] low = new int[256];
        Position[] edges = new Position[256];
        int count = 0;
        int from = 0;
        while (from < sorted.size()) {
            byte[] text = sorted.get(from);
            if (text.length == depth) {
                targets.add(next);
                while (from < sorted.size() && sorted.get(from).length == depth) {
                    from++;
                }
                continue;
            }
            int to = from + 1;
            while (to < sorted.size() && sorted.get(to)[depth] == text[depth]) {
                to++;
            }
            low[count] = text[depth] & 0xFF;
            edges[count++] = commonBeginning(sorted.subList(from, to), depth + 1, next);
            from = to;
        }
        if (count > 0) {
            targets.add(bytes(Arrays.copyOf(low, count), Arrays.copyOf(low, count), Arrays.copyOf(edges, count)));
        }
        return split(targets);
    }

    /** Steps over what all texts have in common, so that recursion is as deep as there are branches on a path. */
    private Position commonBeginning(List<byte[]> sorted, int depth, Position next) {
        byte[] first = sorted.getFirst();
        byte[] last = sorted.getLast();
        int mismatch = Arrays.mismatch(first, last);
        int common = Math.max(mismatch < 0 ? first.length : mismatch, depth);
        Position position = texts(sorted, common, next);
        for (int i = common - 1; i >= depth; i--) {
            position = oneByte(first[i] & 0xFF, position);
        }
        return position;
    }

    private Position split(List<Position> targets) {
        return targets.size() == 1
                ? targets.getFirst()
                : add(Position.of(positions.size(), Position.Kind.SPLIT, targets.toArray(Position[]::new)));
    }

    private Position bytes(List<int[]> sequences, int depth, Position next, Map<List<Object>, Position> shared) {
        int[] low = new int[sequences.size()];
        int[] high = new int[sequences.size()];
        Position[] targets = new Position[sequences.size()];
        int count = 0;
        int from = 0;
        while (from < sequences.size()) {
            int[] sequence = sequences.get(from);
            int to = from + 1;
            while (to < sequences.size() && sequences.get(to)[2 * depth] == sequence[2 * depth]) {
                to++;
            }
            low[count] = sequence[2 * depth];
            high[count] = sequence[2 * depth + 1];
            targets[count] = 2 * depth + 2 == sequence.length
                    ? next
                    : bytes(sequences.subList(from, to), depth + 1, next, shared);
            // Neighbours with the same target are one range.
            if (count > 0 && high[count - 1] + 1 == low[count] && targets[count - 1] == targets[count]) {
                high[count - 1] = high[count];
            } else {
                count++;
            }
            from = to;
        }
        List<Object> key = new ArrayList<>(3 * count);
        for (int i = 0; i < count; i++) {
            Collections.addAll(key, low[i], high[i], targets[i]);
        }
        Position known = shared.get(key);
        if (known == null) {
            known = bytes(Arrays.copyOf(low, count), Arrays.copyOf(high, count), Arrays.copyOf(targets, count));
            shared.put(key, known);
        }
        return known;
    }

    private Position repeat(Node.Repeat written, Position next) {
        Node.Repeat repeat = flat(written);
        Node body = repeat.body();
        boolean empty = nullability.isNullable(body);
        int min = empty ? 0 : repeat.min();
        if (repeat.max() == 0) {
            return next;
        }
        if (repeat.max() == Node.Repeat.UNBOUNDED) {
            Position star = add(Position.of(positions.size(), Position.Kind.SPLIT, UNKNOWN));
            star.targets = new Position[] {compile(body, star), next};
            return times(body, min, min, star);
        }
        return times(body, min, repeat.max(), next);
    }

    private Position times(Node body, int min, int max, Position next) {
        if (max == 0) {
            return next;
        }
        int before = positions.size();
        Position position = next;
        for (int i = max; i > 0; i--) {
            Position once = compile(body, position);
            position = i > min ? split(List.of(once, next)) : once;
            int each = (positions.size() - before) / (max - i + 1);
            if (i > 1 && (long) each * max > WRITTEN_OUT) {
                // What was written is unreachable and costs only its place.
                Position counted = compile(body, loopEnd);
                return add(Position.loop(positions.size(), counted, next, min, max));
            }
        }
        return position;
    }

    /** (x{a,b}){c,d} as one repetition, where the numbers of times leave no gap. */
    private static Node.Repeat flat(Node.Repeat repeat) {
        Node.Repeat outer = repeat;
        while (outer.body() instanceof Node.Repeat inner && inner.min() <= 1 && inner.max() > 0 && outer.max() > 0) {
            boolean unbounded = inner.max() == Node.Repeat.UNBOUNDED || outer.max() == Node.Repeat.UNBOUNDED;
            long max = (long) inner.max() * outer.max();
            if (!unbounded && max >= Node.Repeat.UNBOUNDED) {
                break;
            }
            outer = new Node.Repeat(
                    inner.body(), inner.min() * outer.min(), unbounded ? Node.Repeat.UNBOUNDED : (int) max);
        }
        return outer;
    }

    private Dfa dfa(Node node) {
        Map<String, Node> regular = new HashMap<>(rules);
        String name = "";
        regular.put(name, node);
        return Dfa.of(build(name, regular, alphabet));
    }

    private Position automaton(Dfa dfa, Position next) {
        Position[] states = new Position[dfa.size()];
        Position[] readers = new Position[dfa.size()];
        for (int s = 0; s < states.length; s++) {
            states[s] = add(Position.of(positions.size(), Position.Kind.SPLIT, UNKNOWN));
        }
        for (int s = 0; s < states.length; s++) {
            int[] low = new int[256];
            int[] high = new int[256];
            Position[] targets = new Position[256];
            int count = 0;
            for (int value = 0; value < 256; value++) {
                int target = dfa.step(s, value);
                if (target < 0) {
                    continue;
                }
                if (count > 0 && high[count - 1] == value - 1 && targets[count - 1] == states[target]) {
                    high[count - 1] = value;
                } else {
                    low[count] = value;
                    high[count] = value;
                    targets[count++] = states[target];
                }
            }
            readers[s] = bytes(Arrays.copyOf(low, count), Arrays.copyOf(high, count), Arrays.copyOf(targets, count));
            states[s].targets = dfa.accepts(s) ? new Position[] {readers[s], next} : new Position[] {readers[s]};
        }
        return states[0];
    }
}
