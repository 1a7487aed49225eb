package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.GroupSizeFallback;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which weights are compressed and how, before a ratio divides them: NNCF's rules.
 *
 * @param plans all weights that can be compressed, in the order of the graph; those that the ratio counts have the primary
 *     mode, the others the backup mode or none
 * @param skipped weights that are left as they are
 * @param notes what a user should be told
 */
public record Selection(List<LayerPlan> plans, List<WeightedLayer> skipped, List<String> notes) {
    /** Smaller groups than this are not made when a group size is adjusted: scales would outweigh what they save. */
    private static final int LEAST_ADJUSTED_GROUP = 32;

    /**
     * What is asked for.
     *
     * @param primary mode and group size of the weights that the ratio counts
     * @param backup of the others; empty if they are to stay as they are
     * @param allLayers whether embeddings and the last MatMul count like any other
     */
    public record Request(
            WeightConfig primary, Optional<WeightConfig> backup, boolean allLayers, GroupSizeFallback fallback) {}

    public Selection {
        plans = List.copyOf(plans);
        skipped = List.copyOf(skipped);
        notes = List.copyOf(notes);
    }

    /** Goes through the weights of {@code model}; reads none. */
    public static Selection of(Model model, Request request, IgnoredLayers ignored) {
        List<WeightedLayer> all = WeightedLayers.all(model);
        Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        List<WeightedLayer> chosen = new ArrayList<>();
        List<WeightedLayer> skipped = new ArrayList<>();
        boolean lastIsSkipped = false;
        Optional<Node> last =
                all.isEmpty() ? Optional.empty() : Optional.of(all.getLast().consumer());
        for (WeightedLayer layer : all) {
            boolean isLast = last.filter(node -> node == layer.consumer()).isPresent();
            if (seen.contains(layer.constant())) {
                lastIsSkipped = isLast;
            } else if (!ignored.contains(layer)
                    && isSupported(layer.elementType(), request.primary().mode())) {
                chosen.add(layer);
                seen.add(layer.constant());
            } else {
                lastIsSkipped = isLast;
                skipped.add(layer);
            }
        }
        Set<WeightedLayer> defining = defining(chosen, request, lastIsSkipped);
        return new Builder(request, skipped).build(chosen, defining);
    }

    private static boolean isSupported(ElementType type, CompressionMode mode) {
        return switch (type) {
            case F16, BF16, F32, F64 -> true;
            case F8E4M3, F8E5M2 -> !mode.isInt8();
            default -> false;
        };
    }

    private static Set<WeightedLayer> defining(List<WeightedLayer> chosen, Request request, boolean lastIsSkipped) {
        Set<WeightedLayer> defining = Collections.newSetFromMap(new IdentityHashMap<>());
        if (request.primary().mode().isInt8()) {
            defining.addAll(chosen);
            return defining;
        }
        List<WeightedLayer> products = chosen.stream()
                .filter(layer -> layer.kind() == WeightedLayer.Kind.MATMUL)
                .toList();
        boolean exceptLast = !request.allLayers() && !lastIsSkipped && !products.isEmpty();
        defining.addAll(exceptLast ? products.subList(0, products.size() - 1) : products);
        if (request.allLayers()) {
            chosen.stream()
                    .filter(layer -> layer.kind() == WeightedLayer.Kind.EMBEDDING)
                    .filter(layer -> layer.layout().reductionAxes().size() == 1)
                    .forEach(defining::add);
        }
        return defining;
    }

    /** Gives each weight its mode and group size. */
    private static final class Builder {
        private final Request request;
        private final List<WeightedLayer> skipped;
        private final List<LayerPlan> plans = new ArrayList<>();
        private final List<String> left = new ArrayList<>();
        private final List<String> adjusted = new ArrayList<>();
        private final List<String> backedUp = new ArrayList<>();

        Builder(Request request, List<WeightedLayer> skipped) {
            this.request = request;
            this.skipped = skipped;
        }

        Selection build(List<WeightedLayer> chosen, Set<WeightedLayer> defining) {
            for (WeightedLayer layer : chosen) {
                if (defining.contains(layer)) {
                    defining(layer);
                } else {
                    plans.add(new LayerPlan(layer, request.backup(), false));
                }
            }
            List<String> notes = new ArrayList<>();
            int size = request.primary().groupSize();
            note(notes, left, "--group-size " + size + " does not divide the channels; left as they are");
            note(notes, adjusted, "--group-size " + size + " does not divide the channels; smaller groups are taken");
            note(notes, backedUp, "no group size of 32 or more fits; the backup mode is taken");
            return new Selection(plans, skipped, notes);
        }

        private void defining(WeightedLayer layer) {
            int columns = layer.layout().columns();
            if (request.primary().divides(columns) || request.fallback() == GroupSizeFallback.ERROR) {
                plans.add(new LayerPlan(layer, Optional.of(request.primary()), true));
            } else if (request.fallback() == GroupSizeFallback.IGNORE) {
                skipped.add(layer);
                left.add(layer.name());
            } else if (Integer.lowestOneBit(columns) >= LEAST_ADJUSTED_GROUP) {
                WeightConfig smaller = new WeightConfig(request.primary().mode(), Integer.lowestOneBit(columns));
                plans.add(new LayerPlan(layer, Optional.of(smaller), true));
                adjusted.add(layer.name());
            } else {
                plans.add(new LayerPlan(layer, request.backup(), false));
                backedUp.add(layer.name());
            }
        }

        private static void note(List<String> notes, List<String> layers, String what) {
            if (!layers.isEmpty()) {
                notes.add(layers.size() + (layers.size() == 1 ? " layer: " : " layers: ") + what + " (\""
                        + layers.getFirst() + "\"" + (layers.size() == 1 ? ")" : " ...)"));
            }
        }
    }

    /**
     * Refuses weights that the group size of their mode does not divide.
     *
     * @throws CompressionException naming the first few
     */
    public static void checkGroupSizes(List<LayerPlan> plans) {
        List<LayerPlan> faulty = plans.stream()
                .filter(plan -> plan.config()
                        .filter(config -> !config.divides(plan.layer().layout().columns()))
                        .isPresent())
                .toList();
        if (!faulty.isEmpty()) {
            String names = faulty.stream()
                    .limit(3)
                    .map(plan -> "\"" + plan.layer().name() + "\" ("
                            + plan.layer().layout().columns() + " channels)")
                    .collect(Collectors.joining(", "));
            int size = faulty.getFirst().config().map(WeightConfig::groupSize).orElse(-1);
            throw new CompressionException("--group-size " + size + " does not divide the input channels of "
                    + faulty.size() + (faulty.size() == 1 ? " layer: " : " layers: ") + names
                    + (faulty.size() > 3 ? ", ..." : "")
                    + "; choose a --group-size that does, or --group-size-fallback adjust or ignore");
        }
        for (LayerPlan plan : plans) {
            // Rows of convolutions run over several axes, of which none can be cut.
            if (plan.config().filter(config -> config.groupSize() != -1).isPresent()
                    && plan.layer().layout().reductionAxes().size() != 1) {
                throw new CompressionException("layer \"" + plan.layer().name() + "\" of shape "
                        + plan.layer().layout().shape()
                        + " cannot be compressed in groups; leave it out with --ignored-scope, or take"
                        + " --backup-precision int8_asym or none");
            }
        }
    }
}
