package dev.decanter.compress;

import dev.decanter.compress.weights.StoredWeights;
import dev.decanter.ir.Model;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Which share of a model's weights has which bit width, as NNCF prints it.
 *
 * @param rows most bits first, then by label and group size
 */
public record BitwidthTable(List<Row> rows) {
    private static final List<String> HEADER =
            List.of("Weight compression mode", "% all parameters (layers)", "% ratio-defining parameters (layers)");

    public BitwidthTable {
        rows = List.copyOf(rows);
    }

    /**
     * One bit width.
     *
     * @param label the mode with its group size, or {@code float}
     * @param bits bits of an element, 32 for float
     * @param all its share of all weights
     * @param ratioDefining its share of the weights that the ratio counts
     */
    public record Row(String label, int bits, Share all, Share ratioDefining) {}

    /** Elements and layers of a row, and of all rows. */
    public record Share(long elements, int layers, long totalElements, int totalLayers) {
        /** NNCF's spelling, for example {@code 90% (252 / 253)}. */
        @Override
        public String toString() {
            double percent = 100.0 * elements / Math.max(totalElements, 1);
            return String.format(Locale.ROOT, "%d%% (%d / %d)", (long) Math.rint(percent), layers, totalLayers);
        }
    }

    /** The table of a model, whoever compressed it. */
    public static BitwidthTable of(Model model) {
        return of(StoredWeights.of(model));
    }

    /** Sums up what was decided for each weight. */
    static BitwidthTable of(List<LayerDecision> layers) {
        Map<String, List<LayerDecision>> byLabel = new LinkedHashMap<>();
        for (LayerDecision layer : layers) {
            byLabel.computeIfAbsent(layer.label(), _ -> new ArrayList<>()).add(layer);
        }
        List<LayerDecision> defining =
                layers.stream().filter(LayerDecision::ratioDefining).toList();
        List<Row> rows = new ArrayList<>();
        byLabel.forEach((label, group) -> rows.add(new Row(
                label,
                group.getFirst().bits(),
                share(group, layers),
                share(group.stream().filter(LayerDecision::ratioDefining).toList(), defining))));
        rows.sort(Comparator.comparingInt((Row row) -> -row.bits())
                .thenComparing(row -> base(row.label()))
                .thenComparingInt(row -> groupSize(row.label())));
        return new BitwidthTable(rows);
    }

    private static Share share(List<LayerDecision> part, List<LayerDecision> whole) {
        return new Share(elements(part), part.size(), elements(whole), whole.size());
    }

    private static long elements(List<LayerDecision> layers) {
        return layers.stream().mapToLong(LayerDecision::elements).sum();
    }

    private static final String GROUP = ", group size ";

    private static String base(String label) {
        int at = label.indexOf(GROUP);
        return at < 0 ? label : label.substring(0, at);
    }

    private static int groupSize(String label) {
        int at = label.indexOf(GROUP);
        return at < 0 ? -1 : Integer.parseInt(label.substring(at + GROUP.length()));
    }

    /** The table as NNCF prints it, without a line break at the end. */
    @Override
    public String toString() {
        List<List<String>> cells = new ArrayList<>(List.of(HEADER));
        for (Row row : rows) {
            cells.add(List.of(
                    row.label(), row.all().toString(), row.ratioDefining().toString()));
        }
        int[] widths = new int[HEADER.size()];
        for (int i = 0; i < widths.length; i++) {
            int column = i;
            // tabulate leaves two more columns of room under a header than beside a cell
            widths[i] = Math.max(
                    HEADER.get(i).length() + 2,
                    cells.stream().mapToInt(r -> r.get(column).length()).max().orElse(0));
        }
        StringBuilder out = new StringBuilder("Statistics of the bitwidth distribution:\n");
        rule(out, widths, "┍━┯┑");
        line(out, widths, cells.getFirst());
        for (int i = 1; i < cells.size(); i++) {
            rule(out, widths, i == 1 ? "┝━┿┥" : "├─┼┤");
            line(out, widths, cells.get(i));
        }
        rule(out, widths, "┕━┷┙");
        return out.substring(0, out.length() - 1);
    }

    private static void rule(StringBuilder out, int[] widths, String signs) {
        for (int i = 0; i < widths.length; i++) {
            out.append(i == 0 ? signs.charAt(0) : signs.charAt(2));
            out.append(String.valueOf(signs.charAt(1)).repeat(widths[i] + 2));
        }
        out.append(signs.charAt(3)).append('\n');
    }

    private static void line(StringBuilder out, int[] widths, List<String> cells) {
        for (int i = 0; i < widths.length; i++) {
            String cell = cells.get(i);
            out.append("│ ").append(cell).append(" ".repeat(widths[i] - cell.length() + 1));
        }
        out.append("│\n");
    }
}
