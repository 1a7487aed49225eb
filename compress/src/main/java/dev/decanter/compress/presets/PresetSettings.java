package dev.decanter.compress.presets;

import dev.decanter.compress.BackupMode;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.GroupSizeFallback;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How the weights of a model are best compressed. What is absent is left to the defaults of the mode.
 *
 * @param mode of the weights that the ratio counts
 * @param groupSize weights that share a scale; −1 is a whole row
 * @param ratio share of the weights that get {@code mode}, from 0 to 1
 * @param allLayers whether embeddings and the last product get {@code mode} too
 * @param awq whether weights are scaled by the activations they meet
 * @param scaleEstimation whether scales are fitted to activations
 * @param dataset what the originals calibrate with, for example {@code wikitext2}; Decanter carries no datasets
 * @param groupSizeFallback for layers that the group size does not divide
 * @param backupMode of the other weights
 * @param dynamicQuantizationGroupSize for the model's {@code runtime_options}
 * @param ignoredPatterns regular expressions of names of layers that do not get {@code mode}
 * @param ignoredBecome the mode that those layers get; without it they stay as they are
 */
public record PresetSettings(
        CompressionMode mode,
        Optional<Integer> groupSize,
        Optional<Double> ratio,
        boolean allLayers,
        boolean awq,
        boolean scaleEstimation,
        Optional<String> dataset,
        Optional<GroupSizeFallback> groupSizeFallback,
        Optional<BackupMode> backupMode,
        Optional<Integer> dynamicQuantizationGroupSize,
        List<String> ignoredPatterns,
        Optional<CompressionMode> ignoredBecome) {
    public PresetSettings {
        ignoredPatterns = List.copyOf(ignoredPatterns);
    }

    /** For people: {@code int4_sym, group size 64, ratio 1.0, AWQ, scale estimation}. */
    @Override
    public String toString() {
        List<String> words = new ArrayList<>(List.of(mode.label()));
        groupSize.ifPresent(size -> words.add("group size " + size));
        ratio.ifPresent(part -> words.add("ratio " + part));
        if (allLayers) {
            words.add("all layers");
        }
        if (awq) {
            words.add("AWQ");
        }
        if (scaleEstimation) {
            words.add("scale estimation");
        }
        groupSizeFallback.ifPresent(
                fallback -> words.add("group size fallback " + fallback.name().toLowerCase(Locale.ROOT)));
        backupMode.ifPresent(backup -> words.add("backup " + backup.name().toLowerCase(Locale.ROOT)));
        if (!ignoredPatterns.isEmpty()) {
            words.add(ignoredBecome.map(CompressionMode::label).orElse("no compression") + " for layers that match "
                    + String.join(" or ", ignoredPatterns));
        }
        return String.join(", ", words);
    }
}
