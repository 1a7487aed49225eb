package dev.decanter.compress;

import dev.decanter.ir.Model;
import dev.decanter.ir.RtInfo;
import java.util.ArrayList;
import java.util.List;

/**
 * What a model's rt_info says of its compression: NNCF's keys, by which tools refuse to compress a model twice, and one of
 * our own.
 */
final class CompressionInfo {
    private static final String NNCF = "nncf";
    private static final String KEY = "weight_compression";

    private CompressionInfo() {}

    /** Whether some tool has compressed or quantized the model. */
    static boolean isCompressed(Model model) {
        return model.rtInfo().entries().get(NNCF) instanceof RtInfo.Section section
                && (section.entries().containsKey(KEY) || section.entries().containsKey("quantization"));
    }

    static void write(Model model, CompressionOptions options) {
        RtInfo.Section info = model.rtInfo()
                .with("True", NNCF, "friendly_names_were_updated")
                .with(python(options.allLayers()), NNCF, KEY, "all_layers")
                .with(python(options.awq().isPresent()), NNCF, KEY, "awq")
                .with(options.backupLabel(), NNCF, KEY, "backup_mode")
                .with("dequantize", NNCF, KEY, "compression_format")
                .with(python(options.gptq().isPresent()), NNCF, KEY, "gptq")
                .with(Integer.toString(options.groupSize()), NNCF, KEY, "group_size");
        info = ignoredScope(info, options.ignoredScope())
                .with(python(options.loraCorrection().isPresent()), NNCF, KEY, "lora_correction")
                .with(options.mode().label(), NNCF, KEY, "mode")
                .with(Double.toString(options.ratio()), NNCF, KEY, "ratio")
                .with(python(options.scaleEstimation().isPresent()), NNCF, KEY, "scale_estimation")
                .with(options.metric().label(), NNCF, KEY, "sensitivity_metric")
                .with("decanter", "decanter", KEY, "tool");
        model.rtInfo(info);
    }

    private static RtInfo.Section ignoredScope(RtInfo.Section info, IgnoredScope scope) {
        if (scope.isEmpty()) {
            return info.with("[]", NNCF, KEY, "ignored_scope");
        }
        List<List<String>> lists = List.of(scope.names(), scope.patterns(), scope.types());
        List<String> keys = List.of("names", "patterns", "types");
        RtInfo.Section out = info;
        for (int i = 0; i < keys.size(); i++) {
            if (!lists.get(i).isEmpty()) {
                out = out.with(python(lists.get(i)), NNCF, KEY, "ignored_scope", keys.get(i));
            }
        }
        return out;
    }

    /** As Python prints it. */
    private static String python(boolean value) {
        return value ? "True" : "False";
    }

    private static String python(List<String> values) {
        List<String> quoted = new ArrayList<>();
        values.forEach(v -> quoted.add("'" + v.replace("\\", "\\\\").replace("'", "\\'") + "'"));
        return "[" + String.join(", ", quoted) + "]";
    }
}
