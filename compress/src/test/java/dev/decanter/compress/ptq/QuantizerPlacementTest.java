package dev.decanter.compress.ptq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.ir.Model;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Held to NNCF itself: {@code placement.txt} is what its solver says about the same graphs, written out as IR. */
class QuantizerPlacementTest {
    @Test
    void quantizersStandWhereNncfPutsThem() throws IOException {
        Map<String, List<String>> expected = expected();
        assertThat(expected).hasSizeGreaterThan(50);
        expected.forEach((title, lines) -> {
            List<String> words = List.of(title.split(" ", -1));
            boolean transformer = words.get(1).equals("transformer");
            boolean symmetric = words.get(2).equals("performance");
            Model model = model(words.get(0));
            model.removeDead();
            QuantizerPlacement.Setup setup =
                    QuantizerPlacement.place(ActivationGraph.of(model), symmetric, transformer, Set.of());
            assertThat(lines(setup)).as(title).containsExactlyElementsOf(new TreeSet<>(lines));
        });
    }

    private static Model model(String name) {
        return switch (name) {
            case "albert" -> Encoders.albert(1, 1);
            case "text" -> Encoders.clipText(1, 1);
            case "vision" -> Encoders.clipVision(1, 1);
            case "conv" -> Encoders.convolutions(1, 1);
            default -> RandomGraphs.make(Long.parseLong(name.substring("random".length())));
        };
    }

    private static Set<String> lines(QuantizerPlacement.Setup setup) {
        Set<String> lines = new TreeSet<>();
        for (QuantizerPoint point : setup.activations()) {
            lines.add(point.name()
                    + (point.symmetric() ? " sym" : " asym")
                    + (point.perChannel() ? " ch" : " tensor")
                    + (point.group() >= 0 ? " group" : ""));
        }
        for (ActivationGraph.Weight weight : setup.weights()) {
            lines.add(weight.consumer().name() + "/fq_weights_" + weight.port() + " sym "
                    + (setup.perTensor().contains(weight.consumer()) ? "tensor" : "ch"));
        }
        return lines;
    }

    private static Map<String, List<String>> expected() throws IOException {
        Map<String, List<String>> expected = new LinkedHashMap<>();
        try (InputStream file =
                        Objects.requireNonNull(QuantizerPlacementTest.class.getResourceAsStream("placement.txt"));
                BufferedReader reader = new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))) {
            List<String> lines = new ArrayList<>();
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.startsWith("= ")) {
                    lines = new ArrayList<>();
                    expected.put(line.substring(2), lines);
                } else if (!line.startsWith("#")) {
                    lines.add(line);
                }
            }
        }
        return expected;
    }
}
