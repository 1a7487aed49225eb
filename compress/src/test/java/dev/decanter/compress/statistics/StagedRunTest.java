package dev.decanter.compress.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.GoldenModels;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.compress.weights.WeightedLayers;
import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StagedRunTest {
    private static final String REFERENCE = "REFERENCE";

    private static Model golden(String name, boolean stateful) {
        return IrReader.read(GoldenModels.graph(name, stateful).resolve("openvino_model.xml"));
    }

    private static CalibrationDataset texts(int... lengths) {
        Random random = new Random(5);
        List<Map<String, Tensor>> samples = new ArrayList<>();
        for (int length : lengths) {
            long[] ids = random.longs(length, 3, 90).toArray();
            samples.add(Map.of("input_ids", Tensor.ofLongs(Shape.of(1, length), ids)));
        }
        return CalibrationDataset.of(samples);
    }

    private static StagedRun.Settings settings() {
        return StagedRun.Settings.defaults().withDevice(REFERENCE).withStageBytes(1);
    }

    private static List<WeightedLayer> products(Model model) {
        return WeightedLayers.find(model).stream()
                .filter(layer -> layer.kind() == WeightedLayer.Kind.MATMUL)
                .toList();
    }

    /** What each value is for each sample. */
    private static Map<String, List<float[]>> observed(
            Model model, List<WeightedLayer> layers, CalibrationDataset data, StagedRun.Settings settings) {
        StagedRun run = new StagedRun(model, data, settings);
        Map<String, List<float[]>> seen = new LinkedHashMap<>();
        for (WeightedLayer layer : layers) {
            seen.put(layer.name(), new ArrayList<>());
            run.observe(layer.activation(), (sample, tensor) -> {
                List<float[]> list = seen.get(layer.name());
                assertThat(sample).isEqualTo(list.size());
                list.add(tensor.toFloats());
            });
        }
        run.run();
        return seen;
    }

    /** The same of the whole model at once, with its states, and a Result for each value. */
    private static Map<String, List<float[]>> plain(
            Model model, List<WeightedLayer> layers, CalibrationDataset data, String device) {
        int own = model.results().size();
        for (WeightedLayer layer : layers) {
            model.results().add(Node.of(new Op.Result(), "seen/" + layer.name(), layer.activation()));
        }
        Map<String, List<float[]>> seen = new LinkedHashMap<>();
        layers.forEach(layer -> seen.put(layer.name(), new ArrayList<>()));
        try (CompiledModel compiled = Core.create().compileModel(model, device)) {
            for (int i = 0; i < data.size(); i++) {
                try (InferRequest request = compiled.createInferRequest()) {
                    Tensor ids = data.sample(i).get("input_ids");
                    long tokens = ids.shape().dim(1);
                    for (var port : compiled.inputs()) {
                        request.setTensor(port.name(), whole(port.name(), port.shape(), ids, tokens));
                    }
                    request.infer();
                    for (int k = 0; k < layers.size(); k++) {
                        seen.get(layers.get(k).name())
                                .add(request.outputs().get(own + k).toFloats());
                    }
                }
            }
        }
        model.results().subList(own, model.results().size()).clear();
        return seen;
    }

    private static Tensor whole(String name, PartialShape shape, Tensor ids, long tokens) {
        return switch (name) {
            case "input_ids" -> ids;
            case "attention_mask" ->
                Tensor.ofLongs(
                        Shape.of(1, tokens),
                        LongStream.range(0, tokens).map(_ -> 1).toArray());
            case "position_ids" ->
                Tensor.ofLongs(Shape.of(1, tokens), LongStream.range(0, tokens).toArray());
            case "beam_idx" -> Tensor.ofInts(Shape.of(1), 0);
            default ->
                Tensor.ofFloats(Shape.of(1, shape.dim(1).size(), 0, shape.dim(3).size()));
        };
    }

    private static void assertEqual(Map<String, List<float[]>> found, Map<String, List<float[]>> expected) {
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, samples) -> {
            assertThat(found.get(name)).hasSameSizeAs(samples);
            for (int i = 0; i < samples.size(); i++) {
                assertThat(found.get(name).get(i)).as(name).containsExactly(samples.get(i));
            }
        });
    }

    @ParameterizedTest
    @CsvSource({
        "llama-gqa, true",
        "llama-gqa, false",
        "qwen3, true",
        "qwen3, false",
        "mistral-swa, true",
        "mistral-swa, false"
    })
    void stagesGiveWhatTheWholeModelGives(String name, boolean stateful) {
        Model model = golden(name, stateful);
        List<WeightedLayer> layers = products(model);
        CalibrationDataset data = texts(5, 1, 9);
        Map<String, List<float[]>> expected = plain(model, layers, data, REFERENCE);

        assertEqual(observed(model, layers, data, settings()), expected);
        assertEqual(observed(model, layers, data, settings().withStageBytes(40_000)), expected);
        assertEqual(observed(model, layers, data, settings().withStageBytes(Long.MAX_VALUE)), expected);
    }

    @Test
    void theCpuSeesTheSame() {
        Model model = golden("qwen3", true);
        List<WeightedLayer> layers = products(model);
        CalibrationDataset data = texts(6);
        Map<String, List<float[]>> expected = observed(model, layers, data, settings());
        Map<String, List<float[]>> found =
                observed(model, layers, data, settings().withDevice("CPU"));

        expected.forEach((name, samples) -> {
            float[] cpu = found.get(name).getFirst();
            for (int i = 0; i < cpu.length; i++) {
                assertThat(cpu[i]).as(name).isCloseTo(samples.getFirst()[i], within(1e-3f));
            }
        });
    }

    @Test
    void weightsChangedBetweenTheStagesAreFeltByLaterLayers() {
        Model model = golden("llama-gqa", true);
        CalibrationDataset data = texts(4, 7);
        Model changed = model.copy();
        products(changed).forEach(StagedRunTest::halve);
        List<WeightedLayer> twins = products(changed);
        Map<String, List<float[]>> expected = plain(changed, twins, data, REFERENCE);
        StagedRun run = new StagedRun(model, data, settings().withStageBytes(Long.MAX_VALUE));
        Map<String, List<float[]>> found = new LinkedHashMap<>();
        List<String> order = new ArrayList<>();
        for (ActivationInput input : ActivationInput.of(products(model))) {
            List<float[]> seen = new ArrayList<>();
            run.observe(input.value(), (_, tensor) -> seen.add(tensor.toFloats()), () -> {
                input.layers().forEach(layer -> {
                    found.put(layer.name(), seen);
                    halve(layer);
                });
                order.add(input.layers().stream()
                        .map(layer -> layer.name().replaceAll(".*\\.(\\w+)/.*", "$1"))
                        .toList()
                        .toString());
            });
        }
        run.run();

        assertThat(order.subList(0, 5))
                .containsExactly(
                        "[q_proj, k_proj, v_proj]",
                        "[o_proj]",
                        "[gate_proj, up_proj]",
                        "[down_proj]",
                        "[q_proj, k_proj, v_proj]");
        expected.forEach((name, samples) -> {
            for (int i = 0; i < samples.size(); i++) {
                assertThat(found.get(name).get(i)).as(name).containsExactly(samples.get(i));
            }
        });
    }

    private static void halve(WeightedLayer layer) {
        Op.Constant constant = layer.data();
        Node half = Node.of(
                new BinaryOp.Multiply(),
                layer.weightName() + "/half",
                layer.constant().output(),
                Constants.numbers(constant.elementType(), "half", Shape.SCALAR, 0.5)
                        .output());
        layer.consumer().replaceInput(layer.port(), half.output());
    }

    @Test
    void valuesBeyondTheLimitGoThroughFilesThatVanish(@TempDir Path folder) throws IOException {
        Model model = golden("qwen3", true);
        List<WeightedLayer> layers = products(model);
        CalibrationDataset data = texts(5, 8);
        Map<String, List<float[]>> expected = observed(model, layers, data, settings());
        List<String> stages = new ArrayList<>();
        CompressionListener listener = new CompressionListener() {
            @Override
            public void stage(String name) {
                stages.add(name);
            }
        };
        StagedRun.Settings tight =
                settings().withMemoryLimit(0).withFolder(folder).withListener(listener);
        StagedRun run = new StagedRun(model, data, tight);
        Map<String, List<float[]>> found = new LinkedHashMap<>();
        for (WeightedLayer layer : layers) {
            found.put(layer.name(), new ArrayList<>());
            run.observe(
                    layer.activation(), (_, tensor) -> found.get(layer.name()).add(tensor.toFloats()));
        }
        run.run();

        assertEqual(found, expected);
        assertThat(run.spilledBytes()).isPositive();
        assertThat(stages).hasSize(run.stages()).first().isEqualTo("statistics, stage 1 of " + run.stages());
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void aFolderThatCannotBeWrittenIsNamed(@TempDir Path folder) {
        Model model = golden("qwen3", true);
        Path missing = folder.resolve("none");
        StagedRun.Settings tight = settings().withMemoryLimit(0).withFolder(missing);
        assertThatThrownBy(() -> observed(model, products(model), texts(3), tight))
                .isInstanceOf(CompressionException.class)
                .hasMessageStartingWith(missing.toString())
                .hasMessageContaining("name another folder");
    }

    @Test
    void aListenerThatThrowsEndsTheRun() {
        Model model = golden("qwen3", true);
        CompressionListener cancel = new CompressionListener() {
            @Override
            public void progress(long done, long total) {
                if (done == 2) {
                    throw new CancellationException("enough");
                }
            }
        };
        int[] seen = new int[1];
        StagedRun run = new StagedRun(model, texts(3, 3, 3), settings().withListener(cancel));
        run.observe(products(model).getLast().activation(), (_, _) -> seen[0]++);
        assertThatThrownBy(run::run).isInstanceOf(CancellationException.class);
        assertThat(seen[0]).isZero();
    }

    @Test
    void onlyTheFirstSamplesOfTheSubsetAreRun() {
        Model model = golden("qwen3", true);
        List<WeightedLayer> layers = products(model);
        Map<String, List<float[]>> two =
                observed(model, layers, texts(3, 4, 5), settings().withSubset(2));
        assertThat(two.values()).allSatisfy(samples -> assertThat(samples).hasSize(2));
    }

    /** A chain of products whose weights are computed when they are asked for. */
    private static Model chain(int layers, int width, List<String> reads) {
        PartialShape shape = PartialShape.of(-1, width);
        Node x = Node.of(
                new Op.Parameter(ElementType.F32, shape),
                "x",
                List.of(),
                List.of(new OutputSpec(ElementType.F32, shape)));
        Output at = x.output().named("x");
        for (int i = 0; i < layers; i++) {
            int number = i;
            ConstantData data = new ConstantData() {
                @Override
                public long byteSize() {
                    return 4L * width * width;
                }

                @Override
                public void read(long offset, MemorySegment target) {
                    reads.add("weight " + number);
                    target.fill((byte) 0);
                }
            };
            Node weight = Node.of(new Op.Constant(ElementType.F32, Shape.of(width, width), data), "w" + i);
            at = Node.of(new NeuralOp.MatMul(false, true), "product" + i, at, weight.output())
                    .output();
        }
        Node end = Node.of(new Op.Result(), "end", at);
        return new Model("chain", List.of(x), List.of(end), List.of());
    }

    @Test
    void weightsAreComputedOnceAndOnlyWhenTheirStageRuns() {
        List<String> events = new ArrayList<>();
        Model model = chain(6, 64, events);
        List<WeightedLayer> layers = products(model);
        Tensor row = Tensor.ofFloats(Shape.of(1, 64), new float[64]);
        CalibrationDataset data = CalibrationDataset.of(List.of(Map.of("x", row), Map.of("x", row)));
        StagedRun run = new StagedRun(model, data, settings().withDevice("CPU").withStageBytes(2 * 4 * 64 * 64));
        for (int i = 0; i < layers.size(); i++) {
            int number = i;
            run.observe(layers.get(i).consumer().output(), (_, _) -> events.add("seen " + number));
        }
        run.run();

        assertThat(run.stages()).isEqualTo(3);
        List<String> expected = new ArrayList<>();
        for (int stage = 0; stage < 3; stage++) {
            expected.add("weight " + 2 * stage);
            expected.add("weight " + (2 * stage + 1));
            for (int sample = 0; sample < 2; sample++) {
                expected.add("seen " + 2 * stage);
                expected.add("seen " + (2 * stage + 1));
            }
        }
        assertThat(events).containsExactlyElementsOf(expected);
    }

    @Test
    void inputsAreObservedToo() {
        Model model = chain(1, 4, new ArrayList<>());
        Tensor row = Tensor.ofFloats(Shape.of(1, 4), 1, 2, 3, 4);
        List<float[]> seen = new ArrayList<>();
        StagedRun run = new StagedRun(model, CalibrationDataset.of(List.of(Map.of("x", row))), settings());
        run.observe(model.parameters().getFirst().output(), (_, tensor) -> seen.add(tensor.toFloats()));
        run.run();
        assertThat(seen).containsExactly(new float[] {1, 2, 3, 4});
    }

    @Test
    void statesBeginEmptyForEachSampleWithOrWithoutAnInitialValue() {
        PartialShape shape = PartialShape.of(-1, 2);
        Node x = Node.of(
                new Op.Parameter(ElementType.F32, shape),
                "x",
                List.of(),
                List.of(new OutputSpec(ElementType.F32, shape)));
        x.output().named("x");
        Node zeros = Node.of(
                new Op.ReadValue("sum", ElementType.F32, PartialShape.of(1, 2)),
                "zeros",
                List.of(),
                List.of(new OutputSpec(ElementType.F32, PartialShape.of(1, 2))));
        Node seven = Node.of(
                new Op.ReadValue("seven", ElementType.F32, PartialShape.of(1, 2)),
                "seven",
                Constants.numbers(ElementType.F32, "initial", Shape.of(1, 2), 7, 70)
                        .output());
        Node sum = Node.of(new BinaryOp.Add(), "sum", x.output(), zeros.output());
        Node more = Node.of(new BinaryOp.Add(), "more", sum.output(), seven.output());
        Node write = Node.of(new Op.Assign("sum"), "write", more.output());
        Node end = Node.of(new Op.Result(), "end", more.output());
        Model model = new Model("states", List.of(x), List.of(end), List.of(write));
        Tensor row = Tensor.ofFloats(Shape.of(1, 2), 1, 2);
        List<float[]> seen = new ArrayList<>();
        StagedRun run =
                new StagedRun(model, CalibrationDataset.of(List.of(Map.of("x", row), Map.of("x", row))), settings());
        run.observe(more.output(), (_, tensor) -> seen.add(tensor.toFloats()));
        run.run();
        assertThat(seen).containsExactly(new float[] {8, 72}, new float[] {8, 72});
    }

    @Test
    void samplesThatDoNotFitAreRefused() {
        Model model = golden("qwen3", true);
        List<WeightedLayer> layers = products(model);
        Tensor ids = Tensor.ofLongs(Shape.of(1, 2), 1, 2);
        assertThatThrownBy(() -> observed(model, layers, CalibrationDataset.of(List.of()), settings()))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("no samples");
        assertThatThrownBy(
                        () -> observed(model, layers, CalibrationDataset.of(List.of(Map.of("ids", ids))), settings()))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("has the input \"ids\", which the model has not; it has input_ids");
        assertThatThrownBy(() -> observed(model, layers, CalibrationDataset.of(List.of(Map.of())), settings()))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("sample 0")
                .hasMessageContaining("lacks the input");
        Tensor floats = Tensor.ofFloats(Shape.of(1, 2), 1, 2);
        assertThatThrownBy(() -> observed(
                        model, layers, CalibrationDataset.of(List.of(Map.of("input_ids", floats))), settings()))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("\"input_ids\" takes i64[?,?], not f32[1, 2]");
    }

    @Test
    void aConstantHasNoActivations() {
        Model model = golden("qwen3", true);
        StagedRun run = new StagedRun(model, texts(2), settings());
        run.observe(products(model).getFirst().constant().output(), (_, _) -> {});
        assertThatThrownBy(run::run)
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("does not depend on the model's inputs");
    }
}
