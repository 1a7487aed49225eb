package dev.decanter.compress;

import java.util.List;

/**
 * What a compression did.
 *
 * @param table shares of the bit widths
 * @param layers what became of each weight, in the order of the graph
 */
public record CompressionReport(BitwidthTable table, List<LayerDecision> layers) {
    public CompressionReport {
        layers = List.copyOf(layers);
    }
}
