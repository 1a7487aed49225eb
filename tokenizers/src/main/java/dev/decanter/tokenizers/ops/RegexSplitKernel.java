package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * RegexSplit: cuts pieces at matches of a pattern. Inputs: 5 ragged strings, skips (optional), pattern. Pieces to skip pass
 * as they are. What happens to a match ({@code behaviour}) is defined by the {@code tokenizers} library's
 * SplitDelimiterBehavior; empty pieces are dropped.
 */
final class RegexSplitKernel implements Kernel {
    private enum Behaviour {
        REMOVE,
        ISOLATE,
        CONTIGUOUS,
        MERGED_WITH_PREVIOUS,
        MERGED_WITH_NEXT
    }

    private final Pattern pattern;
    private final Optional<CodePoints> characters;
    private final Behaviour behaviour;
    private final boolean invert;
    private final int maxSplits;
    private final boolean hasSkips;

    private RegexSplitKernel(Node node) {
        Constants.requireInputs(node, 6, 7, 9, 10);
        hasSkips = node.inputs().size() == 7 || node.inputs().size() == 10;
        String source = Constants.text(node, hasSkips ? 6 : 5);
        pattern = PcreRegex.compile(source);
        characters = CodePoints.ofClass(source);
        behaviour = behaviour(node);
        invert = Constants.flag(node, "invert", false);
        maxSplits = Constants.number(node, "max_splits", -1);
    }

    static Kernel of(Node node) {
        return new RegexSplitKernel(node);
    }

    private static Behaviour behaviour(Node node) {
        String name = Constants.attribute(node, "behaviour", "remove");
        return switch (name.toLowerCase(Locale.ROOT).replace("_", "")) {
            case "remove", "removed" -> Behaviour.REMOVE;
            case "isolate", "isolated" -> Behaviour.ISOLATE;
            case "contiguous" -> Behaviour.CONTIGUOUS;
            case "mergedwithprevious" -> Behaviour.MERGED_WITH_PREVIOUS;
            case "mergedwithnext" -> Behaviour.MERGED_WITH_NEXT;
            default -> throw new InferenceException("layer " + node + ": unknown behaviour \"" + name + "\"");
        };
    }

    @Override
    public List<Tensor> evaluate(List<Tensor> inputs) {
        Strings pieces = Strings.read(inputs, 2);
        Ragged rows = Ragged.read(inputs, 0).within(pieces.size());
        byte[] skips = hasSkips ? Tensors.bytes(inputs.get(5)) : new byte[pieces.size()];
        Splitter splitter = new Splitter(pieces.chars, pieces.size() + pieces.chars.length / 3);
        int[] begins = new int[rows.size()];
        int[] ends = new int[rows.size()];
        for (int row = 0; row < rows.size(); row++) {
            begins[row] = splitter.begins.size();
            for (int piece = rows.begins[row]; piece < rows.ends[row]; piece++) {
                if (skips[piece] != 0) {
                    splitter.keep(pieces.begins[piece], pieces.ends[piece], true);
                } else {
                    splitter.split(pieces.begins[piece], pieces.ends[piece]);
                }
            }
            ends[row] = splitter.begins.size();
        }
        List<Tensor> out = new ArrayList<>(List.of(
                Tensors.of(begins),
                Tensors.of(ends),
                Tensors.of(splitter.begins.toArray()),
                Tensors.of(splitter.ends.toArray()),
                Tensors.of(pieces.chars)));
        if (hasSkips) {
            int count = splitter.begins.size();
            out.add(Tensors.ofFlags(Arrays.copyOf(splitter.skips, count), Shape.of(count)));
        }
        return out;
    }

    /** One call's scratch: spans of the piece at hand, which cover it, and the pieces so far. */
    private final class Splitter {
        final byte[] chars;
        final Ints begins;
        final Ints ends;
        byte[] skips;
        private final Ints spanEnds = new Ints(64);
        private final Ints spanMatches = new Ints(64);
        private final TextView view = new TextView();
        private final Matcher matcher = pattern.matcher(view);

        Splitter(byte[] chars, int expected) {
            this.chars = chars;
            begins = new Ints(expected);
            ends = new Ints(expected);
            skips = new byte[Math.max(16, expected)];
        }

        void keep(int from, int to, boolean skip) {
            if (begins.size() == skips.length) {
                skips = Arrays.copyOf(skips, 2 * skips.length);
            }
            skips[begins.size()] = (byte) (skip ? 1 : 0);
            begins.add(from);
            ends.add(to);
        }

        void split(int from, int to) {
            if (from == to) {
                return;
            }
            if (characters.isPresent() && maxSplits < 0) {
                findCharacters(characters.get(), from, to);
            } else {
                findSpans(from, to);
            }
            switch (behaviour) {
                case REMOVE, ISOLATE -> eachSpan(from);
                case CONTIGUOUS -> contiguous(from);
                case MERGED_WITH_PREVIOUS -> mergedWithPrevious(from);
                case MERGED_WITH_NEXT -> mergedWithNext(from);
            }
        }

        private void findSpans(int from, int to) {
            spanEnds.clear();
            spanMatches.clear();
            view.show(chars, from, to);
            matcher.reset(view);
            int done = from;
            int splits = 0;
            try {
                int last = -1;
                while ((maxSplits < 0 || splits < maxSplits) && matcher.find()) {
                    // As Oniguruma's iteration: nothing is matched just behind a match.
                    if (matcher.start() == matcher.end() && matcher.end() == last) {
                        continue;
                    }
                    last = matcher.end();
                    int start = view.byteOffset(matcher.start());
                    int end = view.byteOffset(matcher.end());
                    if (start > done) {
                        span(start, invert);
                    }
                    span(end, !invert);
                    done = end;
                    splits++;
                }
            } catch (StackOverflowError e) {
                throw new InferenceException(
                        "a tokenizer's regular expression \"" + pattern + "\" recurses too deeply on a text of "
                                + view.length() + " characters; split the text or simplify the pattern",
                        e);
            }
            if (done < to) {
                span(to, invert);
            }
        }

        private void findCharacters(CodePoints set, int from, int to) {
            spanEnds.clear();
            spanMatches.clear();
            int done = from;
            for (int at = from; at < to; ) {
                int length = Math.max(1, Utf8.sequence(chars, at, to));
                if (set.contains(Chars.at(chars, at, to))) {
                    if (at > done) {
                        span(at, invert);
                    }
                    done = at + length;
                    span(done, !invert);
                }
                at += length;
            }
            if (done < to) {
                span(to, invert);
            }
        }

        private void span(int end, boolean match) {
            spanEnds.add(end);
            spanMatches.add(match ? 1 : 0);
        }

        private boolean match(int span) {
            return spanMatches.get(span) != 0;
        }

        private void piece(int from, int to) {
            if (from < to) {
                keep(from, to, false);
            }
        }

        private void eachSpan(int from) {
            int start = from;
            for (int i = 0; i < spanEnds.size(); i++) {
                if (behaviour == Behaviour.ISOLATE || !match(i)) {
                    piece(start, spanEnds.get(i));
                }
                start = spanEnds.get(i);
            }
        }

        private void contiguous(int from) {
            int start = from;
            for (int i = 0; i < spanEnds.size(); i++) {
                if (i + 1 == spanEnds.size() || match(i) != match(i + 1)) {
                    piece(start, spanEnds.get(i));
                    start = spanEnds.get(i);
                }
            }
        }

        private void mergedWithPrevious(int from) {
            int start = from;
            for (int i = 0; i < spanEnds.size(); i++) {
                boolean nextJoins = i + 1 < spanEnds.size() && match(i + 1) && !match(i);
                if (!nextJoins) {
                    piece(start, spanEnds.get(i));
                    start = spanEnds.get(i);
                }
            }
        }

        private void mergedWithNext(int from) {
            int start = from;
            for (int i = 0; i < spanEnds.size(); i++) {
                boolean joinsNext = i + 1 < spanEnds.size() && match(i) && !match(i + 1);
                if (!joinsNext) {
                    piece(start, spanEnds.get(i));
                    start = spanEnds.get(i);
                }
            }
        }
    }
}
