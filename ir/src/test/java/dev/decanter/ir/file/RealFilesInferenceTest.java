package dev.decanter.ir.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.infer.InputSpec;
import dev.decanter.ir.infer.ShapeInference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Types and shapes that OpenVINO wrote into files against those that we infer. */
class RealFilesInferenceTest {
    private final List<String> contradictions = new ArrayList<>();
    private final Map<String, Integer> vague = new TreeMap<>();
    private int layers;

    /** Layer by layer from the file's own input shapes; most of the files have no weights, so no values are known. */
    @Test
    void inferenceAgreesWithThePortsOfEveryLayer() throws IOException {
        assumeTrue(!SharedFiles.irFiles().isEmpty(), "no real models: set decanter.shared to the folder with real/");
        for (Path xml : SharedFiles.irFiles()) {
            if (!Files.readString(xml).contains("version=\"6\">")) {
                Model model = IrReader.readTopology(xml);
                for (Node node : model.topologicalOrder()) {
                    compare(xml, node, withoutValues(node));
                }
            }
        }
        assertThat(layers).isGreaterThan(15_000);
        assertThat(contradictions).isEmpty();
        assertThat(vague).isEmpty();
    }

    /** As graphs are built, with the values of constants: the whole graph again from its parameters. */
    @Test
    void inferenceFromTheParametersAgreesWhereWeightsArePresent() throws IOException {
        assumeTrue(!SharedFiles.irFiles().isEmpty(), "no real models: set decanter.shared to the folder with real/");
        int models = 0;
        for (Path xml : SharedFiles.irFiles()) {
            if (!Files.readString(xml).contains("version=\"6\">") && Files.exists(IrReader.weightsPath(xml))) {
                models++;
                Model model = IrReader.read(xml);
                for (Node node : model.topologicalOrder()) {
                    if (ShapeInference.canInfer(node.op())) {
                        compare(xml, node, ShapeInference.infer(node.op(), node.name(), node.inputs()));
                    }
                }
            }
        }
        assertThat(models).isGreaterThanOrEqualTo(3);
        assertThat(contradictions).isEmpty();
        assertThat(vague).isEmpty();
    }

    /** Language models whole, with the values of the constants that shapes depend on. */
    @ParameterizedTest
    @MethodSource("languageModels")
    void shapesOfALanguageModelFollowFromItsParameters(String name, @TempDir Path folder) {
        assumeTrue(SharedFiles.real().isPresent(), "no real models: set decanter.shared to the folder with real/");
        Path xml = SharedFiles.real().orElseThrow().resolve(name + "/openvino_model.xml");
        Path bin = folder.resolve("openvino_model.bin");
        RecoveredBin.write(name, xml, bin);
        List<Node> declared = IrReader.readTopology(xml).topologicalOrder();
        List<Node> nodes = IrReader.read(xml, bin).topologicalOrder();
        assertThat(nodes).hasSameSizeAs(declared);
        nodes.forEach(Node::revalidate);
        for (int i = 0; i < nodes.size(); i++) {
            for (Output output : nodes.get(i).outputs()) {
                OutputSpec spec = new OutputSpec(output.elementType(), output.shape());
                compare(xml, declared.get(i), output.index(), spec);
                Output port = declared.get(i).output(output.index());
                if (isMoreSpecific(port.shape(), spec.shape())) {
                    vague.merge(declared.get(i) + ": " + port + " > " + spec, 1, Integer::sum);
                }
            }
        }
        assertThat(contradictions).isEmpty();
        assertThat(vague).isEmpty();
    }

    static List<String> languageModels() {
        return RecoveredBin.MODELS;
    }

    private static List<OutputSpec> withoutValues(Node node) {
        if (!ShapeInference.canInfer(node.op())) {
            return List.of();
        }
        List<InputSpec> inputs = new ArrayList<>();
        for (Output input : node.inputs()) {
            inputs.add(new InputSpec(input.elementType(), input.shape(), Optional.empty()));
        }
        return ShapeInference.inferSpecs(node.op(), node.name(), inputs);
    }

    private void compare(Path xml, Node node, List<OutputSpec> inferred) {
        layers++;
        for (int i = 0; i < inferred.size(); i++) {
            Output declared = node.output(i);
            OutputSpec spec = inferred.get(i);
            compare(xml, node, i, spec);
            // a file writes a scalar and an unknown rank alike, so that inputs may be less known than they were
            boolean unknowable = ShapeInference.valueInputs(node.op()).length > 0
                    || node.inputs().stream().anyMatch(input -> !input.shape().hasRank());
            if (isMoreSpecific(declared.shape(), spec.shape()) && !unknowable) {
                vague.merge(node.op().type() + " " + declared.shape() + " > " + spec.shape(), 1, Integer::sum);
            }
        }
    }

    private void compare(Path xml, Node node, int output, OutputSpec spec) {
        Output declared = node.output(output);
        boolean typesDiffer = declared.elementType() != spec.elementType()
                && declared.elementType() != ElementType.DYNAMIC
                && spec.elementType() != ElementType.DYNAMIC;
        if (typesDiffer || !declared.shape().compatible(spec.shape())) {
            contradictions.add(xml.getFileName() + " " + node + ": " + declared + " but inferred " + spec);
        }
    }

    private static boolean isMoreSpecific(PartialShape declared, PartialShape inferred) {
        if (!inferred.hasRank()) {
            return declared.hasRank();
        }
        for (int i = 0; declared.hasRank() && i < declared.rank(); i++) {
            Dimension own = declared.dim(i);
            if (own.isStatic() && !inferred.dim(i).isStatic()) {
                return true;
            }
        }
        return false;
    }
}
