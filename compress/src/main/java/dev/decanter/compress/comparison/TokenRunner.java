package dev.decanter.compress.comparison;

import dev.decanter.compress.CompressionException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.ModelPort;
import dev.decanter.runtime.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/** Runs a language model over one text, with or without state, and gives its outputs at every position. */
final class TokenRunner implements AutoCloseable {
    private static final String PAST = "past_key_values.";

    private final CompiledModel model;
    private final InferRequest request;
    private int length;

    TokenRunner(Model model, Core core, String device) {
        this.model = core.compileAccurately(model, device, Map.of());
        request = this.model.createInferRequest();
    }

    /**
     * How many tokens a model scores.
     *
     * @throws CompressionException naming {@code folder} unless tokens go in and logits for a known number of tokens come out
     */
    static int vocabulary(Model model, Path folder) {
        Optional<PartialShape> logits =
                model.result("logits").map(result -> result.input(0).shape());
        if (model.parameter("input_ids").isEmpty()
                || logits.isEmpty()
                || logits.get().rank() != 3
                || !logits.get().dim(2).isStatic()) {
            throw new CompressionException(
                    folder + ": is no language model with the input input_ids and the output logits"
                            + " [batch, tokens, vocabulary]; compare takes only such");
        }
        return Math.toIntExact(logits.get().dim(2).size());
    }

    /** Whether a text may come in pieces; without state it must come as a whole. */
    boolean isStateful() {
        return model.inputs().stream().noneMatch(input -> input.name().startsWith(PAST));
    }

    /** Begins another text. */
    void begin() {
        request.resetState();
        length = 0;
    }

    /** Feeds the next tokens of the text. */
    void feed(long[] ids) {
        int before = length;
        length += ids.length;
        request.setTensor("input_ids", Tensor.ofLongs(Shape.of(1, ids.length), ids));
        long[] ones = new long[length];
        Arrays.fill(ones, 1);
        set("attention_mask", Tensor.ofLongs(Shape.of(1, length), ones));
        set(
                "position_ids",
                Tensor.ofLongs(
                        Shape.of(1, ids.length),
                        LongStream.range(before, length).toArray()));
        set("beam_idx", Tensor.ofInts(Shape.of(1), 0));
        for (ModelPort input : model.inputs()) {
            if (input.name().startsWith(PAST)) {
                long heads = input.shape().dim(1).size();
                long width = input.shape().dim(3).size();
                request.setTensor(input.name(), Tensor.ofFloats(Shape.of(1, heads, 0, width)));
            }
        }
        request.infer();
    }

    private void set(String input, Tensor tensor) {
        if (model.hasInput(input)) {
            request.setTensor(input, tensor);
        }
    }

    /** Logits of the tokens last fed, f32 [1, tokens, vocabulary]; valid until the next feed. */
    Tensor logits() {
        Tensor logits = output("logits");
        if (logits.elementType() != ElementType.F32 || logits.shape().rank() != 3) {
            throw new CompressionException("logits are " + logits + " instead of f32 [1, tokens, vocabulary]");
        }
        return logits;
    }

    /** An output; valid until the next feed. */
    Tensor output(String name) {
        return request.tensor(name);
    }

    @Override
    public void close() {
        request.close();
        model.close();
    }
}
