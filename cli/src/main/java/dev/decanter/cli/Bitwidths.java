package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.compress.BitwidthTable;
import dev.decanter.compress.CompressionReport;
import dev.decanter.compress.LayerDecision;
import java.nio.file.Path;

/** Bit widths of weights for programs, and what a compression did. */
final class Bitwidths {
    private Bitwidths() {}

    /** A row an object: what the printed table says, with numbers in place of percentages. */
    static ArrayNode json(BitwidthTable table) {
        ArrayNode rows = BaseCommand.JSON.createArrayNode();
        for (BitwidthTable.Row row : table.rows()) {
            ObjectNode node = rows.addObject().put("precision", row.label()).put("bits", row.bits());
            share(node.putObject("all"), row.all());
            share(node.putObject("ratio_defining"), row.ratioDefining());
        }
        return rows;
    }

    private static void share(ObjectNode node, BitwidthTable.Share share) {
        long all = Math.max(1, share.totalElements());
        node.put("layers", share.layers())
                .put("elements", share.elements())
                .put("share_of_elements", (double) share.elements() / all);
    }

    /** What a command that reads {@code in} and wrote {@code out} did, in one object. */
    static ObjectNode json(Path in, Path out, String mode, CompressionReport report, double ms) {
        ObjectNode json = BaseCommand.JSON
                .createObjectNode()
                .put("path", out.toString())
                .put("mode", mode)
                .put("bytes", IrCopy.size(out))
                .put("bytes_before", IrCopy.size(in))
                .put("time_ms", ms);
        json.set("bitwidths", json(report.table()));
        ArrayNode layers = json.putArray("layers");
        for (LayerDecision layer : report.layers()) {
            layers.addObject()
                    .put("layer", layer.layer())
                    .put("weight", layer.weight())
                    .put("precision", layer.label())
                    .put("bits", layer.bits())
                    .put("elements", layer.elements())
                    .put("ratio_defining", layer.ratioDefining());
        }
        return json;
    }

    /** The same in one line. */
    static String line(Path in, Path out, String mode, double ms) {
        return "%s: %s, %s, was %s, in %s"
                .formatted(
                        out,
                        mode,
                        Quantity.bytes(IrCopy.size(out)),
                        Quantity.bytes(IrCopy.size(in)),
                        Quantity.duration(ms));
    }
}
