package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.cli.ModelSummary.Port;
import dev.decanter.cli.ModelSummary.Share;
import dev.decanter.compress.BitwidthTable;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.file.IrReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code decanter inspect}. */
@Command(
        name = "inspect",
        description = {
            "Shows what IR files hold: layers, inputs, outputs, states, bytes by precision, bit widths of weights, operations.",
            "The XML files are enough; weights need not be there."
        },
        footer = "  decanter inspect llama-ov/openvino_model.xml")
final class InspectCommand extends BaseCommand {
    private static final int DEPTH = 2;
    private static final int LINE = 92;
    private static final int MIN_TEXT = 20;

    @Parameters(paramLabel = "FILE_OR_DIR", description = "An XML file, or a folder of which all XML files are shown.")
    private Path path = Path.of("");

    @Option(names = "--layers", description = "List the layers too: type, name and what comes out.")
    private boolean layers;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    void run() throws IOException {
        List<Path> files = files();
        if (!json) {
            for (Path file : files) {
                text(file, IrReader.readTopology(file));
            }
            return;
        }
        ObjectNode root = JSON.createObjectNode().put("path", path.toString());
        var models = root.putArray("models");
        for (Path file : files) {
            Model graph = IrReader.readTopology(file);
            ObjectNode node = json(file, graph);
            if (layers) {
                var list = node.putArray("layer_list");
                graph.topologicalOrder()
                        .forEach(layer -> list.addObject()
                                .put("type", layer.op().type())
                                .put("name", layer.name())
                                .put("outputs", outputs(layer)));
            }
            models.add(node);
        }
        print(root);
    }

    private List<Path> files() throws IOException {
        if (!Files.exists(path)) {
            throw new CommandFailure(path + ": does not exist; name an IR file (.xml) or a folder with some");
        }
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        // pipelines for images keep their models one folder down
        try (Stream<Path> tree = Files.walk(path, DEPTH)) {
            List<Path> files = tree.filter(file -> file.toString().endsWith(".xml"))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
            if (files.isEmpty()) {
                throw new CommandFailure(path + ": has no IR files (.xml)"
                        + (Files.exists(path.resolve("config.json"))
                                ? "; export the model first (decanter export --model " + path + " OUT)"
                                : ""));
            }
            return files;
        }
    }

    private void text(Path file, Model graph) {
        ModelSummary model = ModelSummary.of(graph);
        line(file.toString());
        line("  model %s, %d layers".formatted(model.name(), model.layers()));
        ports("inputs", model.inputs());
        ports("outputs", model.outputs());
        ports("states", model.states());
        table("constants", model.constants());
        if (!model.weights().isEmpty()) {
            table("weights", model.weights());
        }
        BitwidthTable bitwidths = BitwidthTable.of(graph);
        if (!bitwidths.rows().isEmpty()) {
            bitwidths.toString().lines().forEach(this::line);
        }
        if (layers) {
            line("  layers");
            for (Node node : graph.topologicalOrder()) {
                line("    %s  %s  %s".formatted(node.op().type(), node.name(), outputs(node)));
            }
        }
        line("  operations");
        model.operations().forEach((operation, count) -> line("    %6d  %s".formatted(count, operation)));
        Map<String, String> info = flat(model.rtInfo());
        if (!info.isEmpty()) {
            line("  rt_info");
            info.forEach((key, value) ->
                    line("    " + key + " = " + Quantity.shortened(value, Math.max(MIN_TEXT, LINE - key.length()))));
        }
        out().println();
    }

    private static String outputs(Node node) {
        return node.outputs().stream()
                .map(output -> output.elementType().irName() + " " + output.shape())
                .collect(Collectors.joining(", "));
    }

    private void ports(String title, List<Port> ports) {
        if (!ports.isEmpty()) {
            line("  %s (%d)".formatted(title, ports.size()));
            for (Port port : ports) {
                line("    %-38s %-8s %s".formatted(port.name(), port.elementType(), port.shape()));
            }
        }
    }

    private void table(String title, Map<ElementType, Share> shares) {
        boolean weights = title.equals("weights");
        Share all = Share.sum(shares);
        row("  " + title, "tensors", "elements", "size", weights ? "of weights" : "of size");
        shares.forEach((type, share) -> row(
                type.irName(),
                share,
                weights
                        ? Quantity.percent(share.elements(), all.elements())
                        : Quantity.percent(share.bytes(), all.bytes())));
        if (shares.size() > 1) {
            row("all", all, "");
        }
    }

    private void row(String name, Share share, String part) {
        row(
                "    " + name,
                Integer.toString(share.tensors()),
                Quantity.count(share.elements()),
                Quantity.bytes(share.bytes()),
                part);
    }

    private void row(String first, String second, String third, String fourth, String fifth) {
        line("%-14s %8s %16s %10s %11s".formatted(first, second, third, fourth, fifth));
    }

    private void line(String text) {
        out().println(text.stripTrailing());
    }

    private static ObjectNode json(Path file, Model graph) {
        ModelSummary model = ModelSummary.of(graph);
        ObjectNode node = JSON.createObjectNode()
                .put("file", file.toString())
                .put("name", model.name())
                .put("layers", model.layers());
        ports(node, "inputs", model.inputs());
        ports(node, "outputs", model.outputs());
        ports(node, "states", model.states());
        shares(node, "constants", model.constants());
        shares(node, "weights", model.weights());
        node.set("bitwidths", Bitwidths.json(BitwidthTable.of(graph)));
        model.operations().forEach(node.putObject("operations")::put);
        flat(model.rtInfo()).forEach(node.putObject("rt_info")::put);
        return node;
    }

    private static void ports(ObjectNode node, String key, List<Port> ports) {
        var array = node.putArray(key);
        for (Port port : ports) {
            array.addObject()
                    .put("name", port.name())
                    .put("element_type", port.elementType())
                    .put("shape", port.shape());
        }
    }

    private static void shares(ObjectNode node, String key, Map<ElementType, Share> shares) {
        long all = Share.sum(shares).elements();
        ObjectNode object = node.putObject(key);
        shares.forEach((type, share) -> object.putObject(type.irName())
                .put("tensors", share.tensors())
                .put("elements", share.elements())
                .put("bytes", share.bytes())
                .put("bits", type.bits())
                .put("share_of_elements", all == 0 ? 0 : (double) share.elements() / all));
    }

    private static Map<String, String> flat(RtInfo.Section section) {
        Map<String, String> lines = new LinkedHashMap<>();
        flatten("", section, lines);
        return lines;
    }

    private static void flatten(String prefix, RtInfo info, Map<String, String> lines) {
        switch (info) {
            case RtInfo.Leaf leaf -> lines.put(prefix, leaf.value());
            case RtInfo.Section section ->
                section.entries()
                        .forEach((key, value) -> flatten(prefix.isEmpty() ? key : prefix + "." + key, value, lines));
        }
    }
}
