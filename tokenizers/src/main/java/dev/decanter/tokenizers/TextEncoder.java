package dev.decanter.tokenizers;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A tokenizer's graph with its run-time settings: single texts, pairs, or both. */
final class TextEncoder implements AutoCloseable {
    private final Path folder;
    private final RunTimeSwitches.Encoder fixed;
    private final RequestPool pool;
    private final boolean typeIds;
    private final boolean twoInputs;
    private final String firstInput;
    private final String secondInput;
    /** Special tokens before each text that no switch takes away. */
    private final int prefix;

    /** {@code model} is changed. */
    TextEncoder(Path folder, Core core, String device, Model model) {
        this.folder = folder;
        twoInputs = model.parameters().size() > 1;
        typeIds = model.result("token_type_ids").isPresent();
        fixed = RunTimeSwitches.addToEncoder(model);
        CompiledModel compiled = core.compileModel(model, device);
        firstInput = compiled.inputs().getFirst().name();
        secondInput = twoInputs ? compiled.inputs().get(1).name() : "";
        pool = new RequestPool(compiled);
        prefix = RunTimeSwitches.hidesSpecialTokens(model)
                ? (int) run(List.of(""), List.of(), EncodeOptions.DEFAULT.withAddSpecialTokens(false))
                        .inputIds()
                        .shape()
                        .dim(1)
                : 0;
    }

    /** Whether the graph takes pairs. */
    boolean takesPairs() {
        return twoInputs;
    }

    /** Encodes rows of one text, if {@code second} is empty, or of two. */
    TokenizedInputs encode(List<String> first, List<String> second, EncodeOptions options) {
        TokenizedInputs inputs = run(first, second, options);
        return options.addSpecialTokens() || prefix == 0 ? inputs : withoutPrefix(inputs);
    }

    /** Takes the first tokens that are no padding out of each row. */
    private TokenizedInputs withoutPrefix(TokenizedInputs inputs) {
        int rows = (int) inputs.inputIds().shape().dim(0);
        int columns = (int) inputs.inputIds().shape().dim(1);
        long[] ids = inputs.inputIds().toLongs();
        long[] mask = inputs.attentionMask().toLongs();
        long[] keptIds = new long[rows * (columns - prefix)];
        long[] keptMask = new long[keptIds.length];
        int to = 0;
        for (int row = 0; row < rows; row++) {
            int left = prefix;
            for (int at = row * columns; at < (row + 1) * columns; at++) {
                if (left > 0 && mask[at] != 0) {
                    left--;
                } else {
                    keptIds[to] = ids[at];
                    keptMask[to++] = mask[at];
                }
            }
        }
        Shape shape = Shape.of(rows, columns - prefix);
        return new TokenizedInputs(
                Tensor.ofLongs(shape, keptIds), Tensor.ofLongs(shape, keptMask), inputs.tokenTypeIds());
    }

    private TokenizedInputs run(List<String> first, List<String> second, EncodeOptions options) {
        boolean pairs = !second.isEmpty();
        return pool.with(request -> {
            request.setTensor(firstInput, Tensor.ofStrings(Shape.of(first.size()), first));
            if (twoInputs) {
                request.setTensor(secondInput, Tensor.ofStrings(Shape.of(second.size()), second));
            }
            set(request, options, pairs);
            request.infer();
            return new TokenizedInputs(
                    copy(request, "input_ids"),
                    copy(request, "attention_mask"),
                    typeIds ? Optional.of(copy(request, "token_type_ids")) : Optional.empty());
        });
    }

    private static Tensor copy(InferRequest request, String output) {
        Tensor tensor = request.tensor(output);
        return Tensor.ofLongs(tensor.shape(), tensor.toLongs());
    }

    private void set(InferRequest request, EncodeOptions options, boolean pairs) {
        if (request.model().hasInput(RunTimeSwitches.ADD_SPECIAL)) {
            request.setTensor(RunTimeSwitches.ADD_SPECIAL, scalar(options.addSpecialTokens() ? 1 : 0));
        }
        if (request.model().hasInput(RunTimeSwitches.MAX_LENGTH)) {
            int own = limit(options, pairs);
            request.setTensor(RunTimeSwitches.MAX_LENGTH, scalar(own));
            if (request.model().hasInput(RunTimeSwitches.ROW_LENGTH)) {
                long row = (long) own + added(options, pairs);
                request.setTensor(RunTimeSwitches.ROW_LENGTH, scalar((int) Math.min(row, Integer.MAX_VALUE)));
            }
        } else if (options.maxLength().isPresent() || options.truncation() == EncodeOptions.Truncation.NONE) {
            throw new TokenizerException(folder + ": this tokenizer's max length is fixed and cannot be chosen");
        }
        text(request, RunTimeSwitches.TRUNCATION, fixed.strategy(), strategy(options.truncation()));
        text(
                request,
                RunTimeSwitches.TRUNCATION_SIDE,
                fixed.side(),
                switch (options.truncationSide()) {
                    case DEFAULT -> "";
                    case LEFT -> "left";
                    case RIGHT -> "right";
                });
        if (request.model().hasInput(RunTimeSwitches.PAD_RIGHT)) {
            boolean right = switch (options.side()) {
                case DEFAULT -> fixed.padRight();
                case LEFT -> false;
                case RIGHT -> true;
            };
            request.setTensor(RunTimeSwitches.PAD_RIGHT, Tensor.ofBooleans(Shape.SCALAR, right));
            request.setTensor(
                    RunTimeSwitches.PAD_LENGTH,
                    scalar(options.padToMaxLength() ? options.maxLength().getAsInt() : 0));
        }
    }

    private static String strategy(EncodeOptions.Truncation truncation) {
        return switch (truncation) {
            case DEFAULT, NONE -> "";
            case LONGEST_FIRST, ONLY_FIRST, ONLY_SECOND -> truncation.name().toLowerCase(Locale.ROOT);
        };
    }

    private void text(InferRequest request, String input, String absent, String chosen) {
        if (request.model().hasInput(input)) {
            byte[] bytes = (chosen.isEmpty() ? absent : chosen).getBytes(StandardCharsets.UTF_8);
            request.setTensor(input, Tensor.of(ElementType.U8, Shape.of(bytes.length), MemorySegment.ofArray(bytes)));
        } else if (!chosen.isEmpty()) {
            throw new TokenizerException(folder + ": how this tokenizer truncates is fixed and cannot be chosen");
        }
    }

    /** The greatest number of the texts' own ids. */
    private int limit(EncodeOptions options, boolean pairs) {
        if (options.truncation() == EncodeOptions.Truncation.ONLY_SECOND && !pairs) {
            throw new TokenizerException("truncation only_second needs pairs of texts");
        }
        if (options.truncation() == EncodeOptions.Truncation.NONE) {
            return Integer.MAX_VALUE;
        }
        long max = options.maxLength().isPresent()
                ? options.maxLength().getAsInt()
                : fixed.maxLength().orElse(Long.MAX_VALUE / 2);
        int added = added(options, pairs);
        if (max < added) {
            throw new TokenizerException("max length " + max + " is less than the " + added
                    + " special tokens that are added to each " + (pairs ? "pair" : "text"));
        }
        return (int) Math.min(max - added, Integer.MAX_VALUE);
    }

    private int added(EncodeOptions options, boolean pairs) {
        return !options.addSpecialTokens() ? 0 : pairs ? fixed.addedToAll() : fixed.addedToOne();
    }

    private static Tensor scalar(int value) {
        return Tensor.ofInts(Shape.SCALAR, value);
    }

    @Override
    public void close() {
        pool.close();
    }
}
