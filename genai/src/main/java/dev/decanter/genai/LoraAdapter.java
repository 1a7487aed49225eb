package dev.decanter.genai;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.rewrite.Pass;
import dev.decanter.safetensors.CheckpointTensor;
import dev.decanter.safetensors.Safetensors;
import dev.decanter.safetensors.WeightData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A LoRA adapter as PEFT saves it: {@code adapter_config.json} and {@code adapter_model.safetensors}. A linear layer x·Wᵀ of the
 * model becomes x·Wᵀ + alpha·s·(x·Aᵀ)·Bᵀ with s = lora_alpha / r of the adapter's configuration (Hu et al. 2021), so that
 * alpha 1 gives what PEFT gives. (OpenVINO GenAI's alpha takes the place of the whole factor alpha·s.) The layers' own
 * weights stay as they are, compressed or not.
 *
 * @param folder the adapter's folder
 * @param alpha how strong it is: 1 as trained, 0 not at all
 */
public record LoraAdapter(Path folder, float alpha) {
    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final Pattern KEY =
            Pattern.compile("(?:base_model\\.model\\.)?(.+)\\.lora_([AB])(?:\\.default)?\\.weight");

    /** Throws {@link GenerationException} if alpha is not a finite number. */
    public LoraAdapter {
        if (!Float.isFinite(alpha)) {
            throw new GenerationException(
                    "the alpha of the LoRA adapter " + folder + " is " + alpha + "; it must be a finite number");
        }
    }

    /** As strong as it was trained. */
    public LoraAdapter(Path folder) {
        this(folder, 1);
    }

    /** The two matrices of a layer, f32: A [r, in] and B [out, r]. */
    private record Matrices(Optional<CheckpointTensor> a, Optional<CheckpointTensor> b) {}

    /** The change of a graph that {@link #apply} makes. */
    Pass pass() {
        return model -> {
            apply(model);
            return true;
        };
    }

    /** Adds the branches to a graph, whose constants then hold copies of the adapter's matrices. */
    void apply(Model model) {
        JsonObject config = JsonObject.read(folder.resolve(CONFIG));
        checkKind(config);
        Path file = folder.resolve(WEIGHTS);
        if (!Files.isRegularFile(file)) {
            throw new GenerationException(folder + ": has no " + WEIGHTS + "; save the adapter as safetensors");
        }
        try (Safetensors weights = Safetensors.open(file)) {
            Map<String, Matrices> layers = layers(file, weights);
            layers.forEach((layer, matrices) -> {
                CheckpointTensor a = matrices.a.orElseThrow(() -> lacks(file, layer, "lora_A"));
                CheckpointTensor b = matrices.b.orElseThrow(() -> lacks(file, layer, "lora_B"));
                branch(find(model, layer), layer, a, b, alpha * scale(config, layer, a.shape()));
            });
        }
    }

    private static GenerationException lacks(Path file, String layer, String matrix) {
        return new GenerationException(
                file + ": layer \"" + layer + "\" has no " + matrix + "; the file is incomplete");
    }

    private static void checkKind(JsonObject config) {
        String kind = config.strings("peft_type").stream().findFirst().orElse("LORA");
        if (!kind.equals("LORA")) {
            throw config.wrong("peft_type", "LORA");
        }
        if (config.bool("use_dora").orElse(false)) {
            throw config.wrong("use_dora", "false: DoRA is not supported");
        }
    }

    private static Map<String, Matrices> layers(Path file, Safetensors weights) {
        Map<String, Matrices> layers = new TreeMap<>();
        weights.tensors().forEach((name, tensor) -> {
            Matcher key = KEY.matcher(name);
            boolean matrix = tensor.shape().rank() == 2
                    && List.of(ElementType.F32, ElementType.F16, ElementType.BF16)
                            .contains(tensor.elementType());
            if (!key.matches() || !matrix) {
                throw new GenerationException(file + ": tensor \"" + name + "\" "
                        + tensor.elementType().irName()
                        + tensor.shape() + " cannot be applied; supported are the matrices lora_A and lora_B of linear"
                        + " layers in f32, f16 or bf16");
            }
            Matrices old = layers.getOrDefault(key.group(1), new Matrices(Optional.empty(), Optional.empty()));
            layers.put(
                    key.group(1),
                    key.group(2).equals("A")
                            ? new Matrices(Optional.of(tensor), old.b)
                            : new Matrices(old.a, Optional.of(tensor)));
        });
        if (layers.isEmpty()) {
            throw new GenerationException(file + ": has no tensors");
        }
        return layers;
    }

    /** lora_alpha / r, or / √r for rank-stabilized adapters; alpha_pattern knows exceptions by layer. */
    private static float scale(JsonObject config, String layer, Shape a) {
        double alpha = config.number("lora_alpha").orElse(8);
        Optional<JsonObject> patterns = config.object("alpha_pattern");
        List<String> keys = new ArrayList<>();
        patterns.ifPresent(object -> object.node().fieldNames().forEachRemaining(keys::add));
        for (String key : keys) {
            if (!key.matches("[\\w.]+")) {
                // PEFT takes any regular expression; plain names of layers are what adapters have
                throw config.wrong("alpha_pattern", "an object from plain names of layers to numbers");
            }
            if (layer.equals(key) || layer.endsWith("." + key)) {
                alpha = patterns.orElseThrow().number(key).orElse(alpha);
                break;
            }
        }
        double rank = a.dim(0);
        return (float) (alpha / (config.bool("use_rslora").orElse(false) ? Math.sqrt(rank) : rank));
    }

    /** The product of a layer, by the name that exports give it: {@code __module.<layer>/…}. */
    private Node find(Model model, String layer) {
        List<Node> found = model.topologicalOrder().stream()
                .filter(node -> node.op() instanceof NeuralOp.MatMul)
                .filter(node -> isOf(node.name(), layer))
                .toList();
        if (found.size() != 1) {
            throw new GenerationException(folder + ": is for a layer \"" + layer + "\", of which the model has "
                    + (found.isEmpty() ? "none" : found.size()) + "; is it an adapter for another model?");
        }
        return found.getFirst();
    }

    private static boolean isOf(String node, String layer) {
        int slash = node.indexOf('/');
        String module = slash < 0 ? node : node.substring(0, slash);
        return module.equals("__module." + layer) || (module.startsWith("__module.") && module.endsWith("." + layer));
    }

    private void branch(Node product, String layer, CheckpointTensor a, CheckpointTensor b, float scale) {
        PartialShape in = product.input(0).shape();
        PartialShape out = product.output().shape();
        boolean fits = a.shape().dim(0) == b.shape().dim(1)
                && ends(in, a.shape().dim(1))
                && ends(out, b.shape().dim(0))
                && product.op() instanceof NeuralOp.MatMul op
                && !op.transposeA();
        if (!fits) {
            throw new GenerationException(folder + ": lora_A " + a.shape() + " and lora_B " + b.shape() + " of layer \""
                    + layer + "\" do not fit the model's, " + in + " to " + out
                    + "; is it an adapter for another model?");
        }
        String name = "lora/" + folder.getFileName() + "/" + layer;
        NeuralOp.MatMul times = new NeuralOp.MatMul(false, true);
        Node base = Node.of(product.op(), product.name(), product.inputs());
        Node down = Node.of(times, name + "/A", List.of(product.input(0), constant(name + "/lora_A", a, 1)));
        Node up = Node.of(times, name + "/B", List.of(down.output(), constant(name + "/lora_B", b, scale)));
        Node sum = Node.of(new BinaryOp.Add(), name, List.of(base.output(), up.output()));
        product.output().replaceWith(sum.output());
    }

    private static boolean ends(PartialShape shape, long size) {
        return shape.hasRank()
                && shape.rank() >= 2
                && (!shape.dim(-1).isStatic() || shape.dim(-1).size() == size);
    }

    private static Output constant(String name, CheckpointTensor tensor, float scale) {
        ConstantData data = new WeightData(tensor, ElementType.F32);
        MemorySegment copy = Arena.ofAuto().allocate(data.byteSize(), Float.BYTES);
        data.read(0, copy);
        for (long i = 0; scale != 1 && i < tensor.shape().elements(); i++) {
            copy.setAtIndex(ValueLayout.JAVA_FLOAT, i, scale * copy.getAtIndex(ValueLayout.JAVA_FLOAT, i));
        }
        return Node.of(Op.Constant.of(ElementType.F32, tensor.shape(), copy), name, List.of())
                .output();
    }
}
