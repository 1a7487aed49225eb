package dev.decanter.compress.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.Quantization;
import dev.decanter.ir.Model;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.file.IrWriter;
import dev.decanter.runtime.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * A published ALBERT, quantized by us and by NNCF: the graphs are the same, down to names, ranges' shapes and
 * attributes.
 */
class RealAlbertTest {
    @TempDir
    Path folder;

    @Test
    void theGraphIsThatOfThePublishedQuantizedModel() throws Exception {
        Path real = shared().resolve("real").resolve("text-albert-small-v2");
        assumeTrue(Files.isDirectory(real), "text-albert-small-v2 is not there; set decanter.shared to run this test");
        Path xml = Files.copy(real.resolve("openvino_model.xml"), folder.resolve("openvino_model.xml"));
        Files.write(folder.resolve("openvino_model.bin"), weights());
        Model model = IrReader.read(xml);
        Random random = new Random(3);
        long[] ones = new long[8];
        Arrays.fill(ones, 1);
        CalibrationDataset dataset = CalibrationDataset.of(List.of(Map.of(
                "input_ids",
                        Tensor.ofLongs(Shape.of(1, 8), random.longs(8, 0, 30000).toArray()),
                "attention_mask", Tensor.ofLongs(Shape.of(1, 8), ones),
                "token_type_ids", Tensor.ofLongs(Shape.of(1, 8), new long[8]))));
        Quantization.builder()
                .modelType(Quantization.ModelType.TRANSFORMER)
                .overflowFix(Quantization.OverflowFix.DISABLE)
                .dataset(dataset)
                .build()
                .compress(model);
        Path ours = folder.resolve("quantized.xml");
        IrWriter.write(model, ours);

        assertThat(layers(ours)).isEqualTo(layers(real.resolve("openvino_model_qint8_quantized.xml")));
    }

    private static Path shared() {
        String named = System.getProperty("decanter.shared", System.getenv("DECANTER_SHARED"));
        if (named != null) {
            return Path.of(named);
        }
        Path beside = Path.of("../shared");
        return Files.isDirectory(beside) ? beside : Path.of("../../shared");
    }

    /** Noise, and the constants without which the graph makes no sense, where the XML has them. */
    private static byte[] weights() {
        ByteBuffer bytes = ByteBuffer.allocate(44_376_228).order(ByteOrder.LITTLE_ENDIAN);
        Random random = new Random(1);
        for (int i = 0; i < bytes.capacity(); i += 4) {
            bytes.putFloat(i, (random.nextFloat() - 0.5f) * 0.14f);
        }
        for (int i = 0; i < 512; i++) {
            bytes.putLong(15_623_172 + 8 * i, i);
        }
        bytes.putInt(15_360_000, 0);
        bytes.putInt(15_627_284, -1);
        longs(bytes, 15_627_268, 0);
        longs(bytes, 15_627_276, 1);
        longs(bytes, 20_749_408, 2);
        longs(bytes, 18_386_968, 0, 0, 12, 64);
        longs(bytes, 18_387_000, 0, 2, 1, 3);
        longs(bytes, 23_111_804, 0, 0, 768);
        int[] order = {0, 2, 1, 3};
        for (int i = 0; i < order.length; i++) {
            bytes.putInt(23_111_788 + 4 * i, order[i]);
        }
        float[] scalars = {0.5f, 3, 0.044715f, 0.7978846f};
        for (int i = 0; i < scalars.length; i++) {
            bytes.putFloat(34_929_812 + 4 * i, scalars[i]);
        }
        bytes.putFloat(20_749_400, 8);
        bytes.putFloat(20_749_404, 1);
        bytes.putFloat(20_749_416, -Float.MAX_VALUE);
        return bytes.array();
    }

    private static void longs(ByteBuffer bytes, int at, long... values) {
        for (int i = 0; i < values.length; i++) {
            bytes.putLong(at + 8 * i, values[i]);
        }
    }

    /** Layers by name: type, attributes, what they read, shapes. Constants and conversions go by their form. */
    private static Map<String, String> layers(Path xml) throws Exception {
        Element root = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(xml.toFile())
                .getDocumentElement();
        Map<String, Element> byId = new TreeMap<>();
        for (Element layer : children(child(root, "layers"), "layer")) {
            byId.put(layer.getAttribute("id"), layer);
        }
        Map<String, Map<Integer, Element>> sources = new TreeMap<>();
        for (Element edge : children(child(root, "edges"), "edge")) {
            sources.computeIfAbsent(edge.getAttribute("to-layer"), _ -> new TreeMap<>())
                    .put(Integer.valueOf(edge.getAttribute("to-port")), byId.get(edge.getAttribute("from-layer")));
        }
        Map<String, String> described = new TreeMap<>();
        byId.forEach((id, layer) -> {
            if (!layer.getAttribute("type").equals("Const")) {
                List<String> read = new ArrayList<>();
                sources.getOrDefault(id, Map.of()).values().forEach(s -> read.add(form(s)));
                String key = form(layer).equals("Convert") ? "Convert of " + read : layer.getAttribute("name");
                described.put(key, layer.getAttribute("type") + attributes(layer) + read + shapes(layer));
            }
        });
        return described;
    }

    private static String form(Element layer) {
        return switch (layer.getAttribute("type")) {
            case "Const" -> "Const" + attributes(layer);
            case "Convert" -> "Convert";
            default -> layer.getAttribute("name");
        };
    }

    private static Map<String, String> attributes(Element layer) {
        Map<String, String> attributes = new TreeMap<>();
        for (Element data : children(layer, "data")) {
            for (int i = 0; i < data.getAttributes().getLength(); i++) {
                String name = data.getAttributes().item(i).getNodeName();
                if (!name.equals("offset") && !name.equals("size")) {
                    // the exponent of a double is e in OpenVINO's files and E in Java's
                    attributes.put(
                            name, data.getAttributes().item(i).getNodeValue().replace("E-", "e-"));
                }
            }
        }
        return attributes;
    }

    private static String shapes(Element layer) {
        StringBuilder shapes = new StringBuilder();
        for (Element output : children(layer, "output")) {
            for (Element port : children(output, "port")) {
                shapes.append(port.getAttribute("precision"));
                children(port, "dim").forEach(d -> shapes.append(' ').append(d.getTextContent()));
            }
        }
        return shapes.toString();
    }

    private static Element child(Element element, String name) {
        return children(element, name).getFirst();
    }

    private static List<Element> children(Element element, String name) {
        List<Element> found = new ArrayList<>();
        NodeList nodes = element.getChildNodes();
        for (int i = 0; i < nodes.getLength(); i++) {
            if (nodes.item(i) instanceof Element child && child.getNodeName().equals(name)) {
                found.add(child);
            }
        }
        return found;
    }
}
