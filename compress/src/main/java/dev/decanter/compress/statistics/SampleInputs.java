package dev.decanter.compress.statistics;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Gives a model's inputs for a sample: those that the sample names, and of those that it does not, what belongs to a text that
 * starts on an empty cache: {@code attention_mask} of ones, {@code position_ids} counting up over the mask, {@code beam_idx} of the
 * rows in order, {@code token_type_ids} of zeros, {@code past_key_values} of length 0.
 */
public final class SampleInputs {
    private static final List<String> LEADING =
            List.of("input_ids", "inputs_embeds", "decoder_input_ids", "input_features");
    private static final String MASK = "attention_mask";
    private static final String POSITIONS = "position_ids";
    private static final String BEAM = "beam_idx";
    private static final String TYPES = "token_type_ids";
    private static final String PAST = "past_key_values";

    private final Model model;
    private final CalibrationDataset dataset;

    public SampleInputs(Model model, CalibrationDataset dataset) {
        this.model = model;
        this.dataset = dataset;
    }

    /** {@code samples} with a tensor for each input of {@code model}; see {@link CalibrationDataset#completed}. */
    public static CalibrationDataset completed(CalibrationDataset samples, Model model) {
        SampleInputs inputs = new SampleInputs(model, samples);
        List<Output> wanted = model.parameters().stream().map(Node::output).toList();
        return new CalibrationDataset() {
            @Override
            public int size() {
                return samples.size();
            }

            @Override
            public Map<String, Tensor> sample(int i) {
                Map<String, Tensor> all = new HashMap<>();
                inputs.of(i, wanted).forEach((input, tensor) -> all.put(name(input.node()), tensor));
                return all;
            }
        };
    }

    /**
     * The tensors of sample {@code index} for all the model's inputs that are in {@code wanted}.
     *
     * @throws CompressionException if the sample names an input that the model has not, lacks one, or gives one of another type or
     *     shape
     */
    public Map<Output, Tensor> of(int index, List<Output> wanted) {
        Map<String, Tensor> sample = dataset.sample(index);
        Map<Node, Tensor> given = new HashMap<>();
        sample.forEach((name, tensor) -> given.put(
                model.parameter(name)
                        .orElseThrow(
                                () -> new CompressionException("sample " + index + " of the dataset has the input \""
                                        + name + "\", which the model has not; it has " + inputs())),
                tensor));
        Map<Output, Tensor> all = new HashMap<>();
        for (Output input : wanted) {
            Tensor tensor = given.get(input.node());
            all.put(input, tensor == null ? made(index, sample, input) : checked(index, input, tensor));
        }
        return all;
    }

    private String inputs() {
        return model.parameters().stream().map(SampleInputs::name).collect(Collectors.joining(", "));
    }

    private static String name(Node parameter) {
        List<String> names = Model.tensorNames(parameter);
        return names.isEmpty() ? parameter.name() : names.getFirst();
    }

    private static Tensor checked(int index, Output input, Tensor tensor) {
        boolean typeFits = input.elementType() == ElementType.DYNAMIC || input.elementType() == tensor.elementType();
        if (!typeFits || !input.shape().admits(tensor.shape())) {
            throw new CompressionException("sample " + index + " of the dataset: input \"" + name(input.node())
                    + "\" takes " + input.elementType().irName() + input.shape() + ", not " + tensor);
        }
        return tensor;
    }

    private Tensor made(int index, Map<String, Tensor> sample, Output input) {
        List<String> names = new ArrayList<>(Model.tensorNames(input.node()));
        names.add(input.node().name());
        Optional<Tensor> leading =
                LEADING.stream().filter(sample::containsKey).map(sample::get).findFirst();
        if (leading.isPresent() && leading.get().shape().rank() >= 2) {
            long rows = leading.get().shape().dim(0);
            long tokens = leading.get().shape().dim(1);
            for (String name : names) {
                if (name.equals(MASK)) {
                    return filled(input, ones(rows * tokens), rows, tokens);
                }
                if (name.equals(TYPES)) {
                    return filled(input, new long[Math.toIntExact(rows * tokens)], rows, tokens);
                }
                if (name.equals(BEAM)) {
                    long[] order = new long[Math.toIntExact(rows)];
                    Arrays.setAll(order, i -> i);
                    return filled(input, order, rows);
                }
                if (name.equals(POSITIONS)) {
                    return positions(sample, input, rows, tokens);
                }
                if (name.startsWith(PAST)) {
                    return emptyPast(input, rows);
                }
            }
        }
        throw new CompressionException("sample " + index + " of the dataset lacks the input \"" + name(input.node())
                + "\" (" + input.elementType().irName() + input.shape() + ") of the model");
    }

    private static long[] ones(long count) {
        long[] ones = new long[Math.toIntExact(count)];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Counts over the mask; 1 where it is 0, as Transformers and Optimum-Intel have it. */
    private static Tensor positions(Map<String, Tensor> sample, Output input, long rows, long tokens) {
        Tensor given = sample.get(MASK);
        long[] mask =
                given != null && given.shape().equals(Shape.of(rows, tokens)) ? given.toLongs() : ones(rows * tokens);
        long[] positions = new long[mask.length];
        for (int row = 0; row < rows; row++) {
            long seen = 0;
            for (int t = 0; t < tokens; t++) {
                int at = Math.toIntExact(row * tokens + t);
                seen += mask[at];
                positions[at] = mask[at] == 0 ? 1 : seen - 1;
            }
        }
        PartialShape shape = input.shape();
        boolean repeated = shape.hasRank() && shape.rank() == 3 && shape.dim(0).isStatic();
        if (!repeated) {
            return filled(input, positions, rows, tokens);
        }
        int copies = Math.toIntExact(shape.dim(0).size());
        long[] all = new long[copies * positions.length];
        for (int i = 0; i < copies; i++) {
            System.arraycopy(positions, 0, all, i * positions.length, positions.length);
        }
        return filled(input, all, copies, rows, tokens);
    }

    private static Tensor filled(Output input, long[] values, long... dims) {
        Shape shape = Shape.of(dims);
        if (input.elementType() == ElementType.I32) {
            return Tensor.ofInts(
                    shape, Arrays.stream(values).mapToInt(Math::toIntExact).toArray());
        }
        if (input.elementType() == ElementType.F32) {
            float[] floats = new float[values.length];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = values[i];
            }
            return Tensor.ofFloats(shape, floats);
        }
        return Tensor.ofLongs(shape, values);
    }

    private static Tensor emptyPast(Output input, long rows) {
        PartialShape shape = input.shape();
        long[] dims = new long[shape.rank()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = shape.dim(i).isStatic() ? shape.dim(i).size() : 0;
        }
        dims[0] = shape.dim(0).isStatic() ? dims[0] : rows;
        MemorySegment memory = Arena.ofAuto()
                .allocate(
                        Math.max(1, input.elementType().byteSize(Shape.of(dims).elements())), 64);
        return Tensor.of(
                input.elementType(),
                Shape.of(dims),
                memory.asSlice(0, input.elementType().byteSize(Shape.of(dims).elements())));
    }
}
