package dev.decanter.compress.aware;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CalibrationOptions;
import dev.decanter.export.Exporter;
import dev.decanter.export.WeightFormat;
import dev.decanter.ir.Model;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerConverter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The demo model, and how far a compressed one is from it on questions that it was not trained on. */
final class DemoModel {
    private final Path folder;
    private final CalibrationDataset questions;
    private final List<float[]> expected;

    /** Exports the model into {@code folder} and answers every {@code step}-th question. */
    DemoModel(Path folder, int step) {
        this.folder = folder;
        Exporter.builder()
                .weightFormat(WeightFormat.FP16)
                .tokenizer((from, to) -> TokenizerConverter.convert(from, to, ConversionOptions.DEFAULT))
                .build()
                .export(demo().resolve("model"), folder.resolve("model"));
        questions = texts(conversations(step), (1224 + step - 1) / step);
        expected = logits(model());
    }

    static Path demo() {
        Path above = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(above.resolve("demo/model"))) {
            above = above.getParent();
        }
        return above.resolve("demo");
    }

    Model model() {
        return IrReader.read(folder.resolve("model/openvino_model.xml"));
    }

    /** Conversations like those that the model was trained on. */
    CalibrationDataset calibration() {
        try {
            return texts(
                    Path.of(DemoModel.class.getResource("calibration.jsonl").toURI()), 128);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    CalibrationDataset texts(Path file, int samples) {
        return CalibrationDataset.text(
                folder.resolve("model"),
                file,
                CalibrationOptions.DEFAULT.withSamples(samples).withTokens(192));
    }

    private Path conversations(int step) {
        ObjectMapper json = new ObjectMapper();
        List<String> lines = new ArrayList<>();
        try {
            List<String> all = Files.readAllLines(demo().resolve("heldout.jsonl"));
            for (int i = 0; i < all.size(); i += step) {
                JsonNode line = json.readTree(all.get(i));
                ObjectNode entry = json.createObjectNode();
                entry.set("messages", line.get("messages"));
                ((ArrayNode) entry.get("messages"))
                        .addObject()
                        .put("role", "assistant")
                        .put("content", line.get("answer").asText());
                lines.add(json.writeValueAsString(entry));
            }
            return Files.write(folder.resolve("questions.jsonl"), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<float[]> logits(Model model) {
        List<float[]> all = new ArrayList<>();
        try (CompiledModel compiled = Core.create().compileModel(model, "CPU");
                InferRequest request = compiled.createInferRequest()) {
            for (int i = 0; i < questions.size(); i++) {
                long[] ids = questions.sample(i).get("input_ids").toLongs();
                long[] ones = new long[ids.length];
                long[] positions = new long[ids.length];
                for (int t = 0; t < ids.length; t++) {
                    ones[t] = 1;
                    positions[t] = t;
                }
                request.resetState();
                request.setTensor("input_ids", Tensor.ofLongs(Shape.of(1, ids.length), ids));
                request.setTensor("attention_mask", Tensor.ofLongs(Shape.of(1, ids.length), ones));
                request.setTensor("position_ids", Tensor.ofLongs(Shape.of(1, ids.length), positions));
                request.setTensor("beam_idx", Tensor.ofInts(Shape.of(1), 0));
                request.infer();
                all.add(request.tensor("logits").toFloats());
            }
        }
        return all;
    }

    /** Mean over all positions of the divergence of the next token's distribution from the float model's. */
    double divergence(Model compressed) {
        List<float[]> actual = logits(compressed);
        double sum = 0;
        long positions = 0;
        int vocabulary = 2048;
        for (int i = 0; i < actual.size(); i++) {
            float[] p = expected.get(i);
            float[] q = actual.get(i);
            for (int at = 0; at < p.length; at += vocabulary) {
                sum += divergence(p, q, at, vocabulary);
                positions++;
            }
        }
        return sum / positions;
    }

    private static double divergence(float[] p, float[] q, int at, int count) {
        double logP = logSum(p, at, count);
        double logQ = logSum(q, at, count);
        double sum = 0;
        for (int i = at; i < at + count; i++) {
            sum += Math.exp(p[i] - logP) * (p[i] - logP - q[i] + logQ);
        }
        return sum;
    }

    private static double logSum(float[] x, int at, int count) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = at; i < at + count; i++) {
            largest = Math.max(largest, x[i]);
        }
        double sum = 0;
        for (int i = at; i < at + count; i++) {
            sum += Math.exp(x[i] - largest);
        }
        return largest + Math.log(sum);
    }
}
