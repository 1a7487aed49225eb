package dev.decanter.export;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.ModelPort;
import dev.decanter.runtime.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Runs an exported text-generation model on a device, stateful or stateless, and keeps what a caller of such a model
 * keeps: the attention mask and, for a stateless one, the past keys and values.
 */
final class Runner implements AutoCloseable {
    /** The devices that every export must run on. */
    static final List<String> DEVICES = List.of("REFERENCE", "CPU");

    private final CompiledModel model;
    private final InferRequest request;
    private final boolean stateful;
    private final int batch;
    private long[][] mask;

    private Runner(CompiledModel model, int batch) {
        this.model = model;
        this.batch = batch;
        request = model.createInferRequest();
        stateful = model.hasInput("beam_idx");
        mask = new long[batch][0];
        if (!stateful) {
            for (ModelPort input : pastInputs()) {
                Shape empty = Shape.of(
                        batch,
                        input.shape().dim(1).size(),
                        0,
                        input.shape().dim(3).size());
                request.setTensor(input.name(), Tensor.ofFloats(empty));
            }
        }
    }

    static Runner open(Path folder, String device, int batch) {
        CompiledModel compiled =
                Core.create().compileAccurately(IrReader.read(folder.resolve("openvino_model.xml")), device, Map.of());
        return new Runner(compiled, batch);
    }

    private List<ModelPort> pastInputs() {
        return model.inputs().stream()
                .filter(input -> input.name().startsWith("past_key_values."))
                .toList();
    }

    /** Logits at the new positions, [batch][token][vocabulary], of further tokens without padding. */
    float[][][] append(int[]... tokens) {
        int[][] ones = new int[batch][tokens[0].length];
        for (int[] row : ones) {
            Arrays.fill(row, 1);
        }
        return append(tokens, ones);
    }

    /** As {@link #append(int[][])}; {@code seen} is 0 for padding. Beams keep their order. */
    float[][][] append(int[][] tokens, int[][] seen) {
        int[] order = new int[batch];
        Arrays.setAll(order, i -> i);
        return append(tokens, seen, order);
    }

    /** As {@link #append(int[][], int[][])}, after putting the rows of the cache in the order {@code beams}. */
    float[][][] append(int[][] tokens, int[][] seen, int[] beams) {
        int count = tokens[0].length;
        List<Long> ids = new ArrayList<>();
        List<Long> positions = new ArrayList<>();
        long[][] reordered = new long[batch][];
        for (int b = 0; b < batch; b++) {
            reordered[b] = Arrays.copyOf(mask[beams[b]], mask[beams[b]].length + count);
            long position = Arrays.stream(mask[beams[b]]).sum();
            for (int t = 0; t < count; t++) {
                ids.add((long) tokens[b][t]);
                reordered[b][reordered[b].length - count + t] = seen[b][t];
                // as Transformers: cumulative sum of the mask minus one, and 1 at padding
                positions.add(seen[b][t] == 0 ? 1 : position);
                position += seen[b][t];
            }
        }
        mask = reordered;
        request.setTensor("input_ids", longs(ids, batch, count));
        request.setTensor("position_ids", longs(positions, batch, count));
        long[] flat = Arrays.stream(mask).flatMapToLong(Arrays::stream).toArray();
        request.setTensor("attention_mask", Tensor.ofLongs(Shape.of(batch, mask[0].length), flat));
        if (stateful) {
            request.setTensor("beam_idx", Tensor.ofInts(Shape.of(batch), beams));
        }
        request.infer();
        if (!stateful) {
            for (ModelPort input : pastInputs()) {
                Tensor present = request.tensor(input.name().replace("past_key_values", "present"));
                request.setTensor(input.name(), Tensor.ofFloats(present.shape(), present.toFloats()));
            }
        }
        return logits(request.tensor("logits"));
    }

    private static Tensor longs(List<Long> values, int rows, int columns) {
        return Tensor.ofLongs(
                Shape.of(rows, columns),
                values.stream().mapToLong(Long::longValue).toArray());
    }

    private static float[][][] logits(Tensor tensor) {
        if (tensor.elementType() != ElementType.F32 || tensor.shape().rank() != 3) {
            throw new IllegalStateException("logits are " + tensor);
        }
        float[] flat = tensor.toFloats();
        int tokens = (int) tensor.shape().dim(1);
        int vocabulary = (int) tensor.shape().dim(2);
        float[][][] out = new float[(int) tensor.shape().dim(0)][tokens][];
        for (int b = 0; b < out.length; b++) {
            for (int t = 0; t < tokens; t++) {
                int from = (b * tokens + t) * vocabulary;
                out[b][t] = Arrays.copyOfRange(flat, from, from + vocabulary);
            }
        }
        return out;
    }

    /** The ids that greedy decoding gives after a prompt. */
    List<Integer> greedy(int[] prompt, int count) {
        return greedyAfter(append(prompt)[0], count);
    }

    /** The ids that greedy decoding gives after tokens with these logits. */
    List<Integer> greedyAfter(float[][] prompt, int count) {
        List<Integer> out = new ArrayList<>();
        float[][] logits = prompt;
        for (int i = 0; i < count; i++) {
            int best = argmax(logits[logits.length - 1]);
            out.add(best);
            if (i + 1 < count) {
                logits = append(new int[] {best})[0];
            }
        }
        return out;
    }

    static int argmax(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[best]) {
                best = i;
            }
        }
        return best;
    }

    @Override
    public void close() {
        request.close();
        model.close();
    }
}
