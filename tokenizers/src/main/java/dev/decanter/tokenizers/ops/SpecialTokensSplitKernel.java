package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * SpecialTokensSplit: cuts added tokens out of pieces. Inputs: 5 ragged strings, skips (optional), pattern. Outputs: 5 ragged
 * strings and skips, true for tokens. A token is the first group of its alternative that took part in the match, spaces
 * around it that the match includes vanish.
 */
final class SpecialTokensSplitKernel implements Kernel {
    private final boolean hasSkips;
    private final Optional<SpecialTokens> tokens;
    private final Optional<Pattern> pattern;

    private SpecialTokensSplitKernel(Node node) {
        Constants.requireInputs(node, 6, 7);
        hasSkips = node.inputs().size() == 7;
        String source = Constants.text(node, hasSkips ? 6 : 5);
        tokens = SpecialTokens.parse(source);
        pattern = tokens.isPresent() ? Optional.empty() : Optional.of(PcreRegex.compile(source));
    }

    static Kernel of(Node node) {
        return new SpecialTokensSplitKernel(node);
    }

    @Override
    public List<Tensor> evaluate(List<Tensor> inputs) {
        Strings pieces = Strings.read(inputs, 2);
        Ragged rows = Ragged.read(inputs, 0).within(pieces.size());
        byte[] skips = hasSkips ? Tensors.bytes(inputs.get(5)) : new byte[pieces.size()];
        Parts parts = new Parts(pieces.size());
        int[] begins = new int[rows.size()];
        int[] ends = new int[rows.size()];
        for (int row = 0; row < rows.size(); row++) {
            begins[row] = parts.begins.size();
            for (int piece = rows.begins[row]; piece < rows.ends[row]; piece++) {
                if (skips[piece] != 0) {
                    parts.token(pieces.begins[piece], pieces.ends[piece]);
                } else if (tokens.isPresent()) {
                    tokens.get().split(pieces.chars, pieces.begins[piece], pieces.ends[piece], parts);
                } else {
                    splitByPattern(pieces.chars, pieces.begins[piece], pieces.ends[piece], parts);
                }
            }
            ends[row] = parts.begins.size();
        }
        int count = parts.begins.size();
        return List.of(
                Tensors.of(begins),
                Tensors.of(ends),
                Tensors.of(parts.begins.toArray()),
                Tensors.of(parts.ends.toArray()),
                Tensors.of(pieces.chars),
                Tensors.ofFlags(Arrays.copyOf(parts.skips, count), Shape.of(count)));
    }

    private void splitByPattern(byte[] text, int from, int to, Parts parts) {
        TextView view = new TextView();
        view.show(text, from, to);
        Matcher matcher = pattern.orElseThrow().matcher(view);
        int done = from;
        while (matcher.find()) {
            int group = 0;
            for (int i = 1; i <= matcher.groupCount() && group == 0; i++) {
                group = matcher.start(i) >= 0 ? i : 0;
            }
            parts.text(done, view.byteOffset(matcher.start()));
            parts.token(view.byteOffset(matcher.start(group)), view.byteOffset(matcher.end(group)));
            done = view.byteOffset(matcher.end());
        }
        parts.text(done, to);
    }

    private static final class Parts implements SpecialTokens.Sink {
        final Ints begins;
        final Ints ends;
        byte[] skips;

        Parts(int expected) {
            begins = new Ints(expected);
            ends = new Ints(expected);
            skips = new byte[Math.max(16, expected)];
        }

        @Override
        public void text(int from, int to) {
            add(from, to, (byte) 0);
        }

        @Override
        public void token(int from, int to) {
            add(from, to, (byte) 1);
        }

        private void add(int from, int to, byte skip) {
            if (from == to) {
                return;
            }
            if (begins.size() == skips.length) {
                skips = Arrays.copyOf(skips, 2 * skips.length);
            }
            skips[begins.size()] = skip;
            begins.add(from);
            ends.add(to);
        }
    }
}
