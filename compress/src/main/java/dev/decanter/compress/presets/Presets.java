package dev.decanter.compress.presets;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.decanter.compress.BackupMode;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.GroupSizeFallback;
import dev.decanter.compress.presets.Preset.Match;
import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The default settings of Optimum-Intel for models that it knows ({@code optimum/intel/openvino/configuration.py}, the tables
 * {@code _DEFAULT_4BIT_WQ_CONFIGS} and {@code _DEFAULT_8BIT_WQ_CONFIGS}), and how a model is recognised.
 *
 * <p>As there, a model is known by its id on the Hub, by {@code _name_or_path} in {@code config.json}, or by the name of its
 * folder; here also by the Hub cache's folder, and, since configurations no longer carry a name, by architecture and sizes where
 * these leave no choice between two settings.
 */
public final class Presets {
    private static final String LANGUAGE_MODEL = "lm_model";
    /** {@code models--meta-llama--Llama-3.2-1B-Instruct/snapshots/9213176726f574b556790deb65791e0c5aa438b6}. */
    private static final Pattern CACHE_FOLDER =
            Pattern.compile(".*(?:^|[/\\\\])models--(.+?)--([^/\\\\]+)[/\\\\]snapshots.*");

    private static final JsonNode TABLE = table();

    private Presets() {}

    private static JsonNode table() {
        try (InputStream in = Presets.class.getResourceAsStream("presets.json")) {
            if (in == null) {
                throw new IllegalStateException("presets.json is not in the jar");
            }
            return new ObjectMapper().readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What 4-bit compression does to models that are not in the table. */
    public static PresetSettings int4Default() {
        return settings(TABLE.get("int4_default"));
    }

    /** Ids of the models with settings for 4 bits. */
    public static List<String> int4Models() {
        List<String> ids = new ArrayList<>();
        TABLE.get("int4").fieldNames().forEachRemaining(ids::add);
        return List.copyOf(ids);
    }

    /**
     * Settings for 4 bits.
     *
     * @param model an id on the Hub, or a folder
     * @throws CompressionException if the folder's {@code config.json} is damaged
     */
    public static Optional<Preset> int4(String model) {
        return find("int4", model);
    }

    /** Settings for 8 bits, of the few models that have other than the usual ones; as {@link #int4}. */
    public static Optional<Preset> int8(String model) {
        return find("int8", model);
    }

    private static Optional<Preset> find(String bits, String model) {
        JsonNode presets = TABLE.get(bits);
        for (Map.Entry<String, Match> candidate : candidates(model, presets).entrySet()) {
            JsonNode entry = presets.get(candidate.getKey());
            if (entry != null) {
                return Optional.of(preset(candidate.getKey(), candidate.getValue(), entry));
            }
        }
        return Optional.empty();
    }

    /** Ids that the model may have, the surest first. */
    private static Map<String, Match> candidates(String model, JsonNode presets) {
        Map<String, Match> ids = new LinkedHashMap<>();
        ids.put(model, Match.MODEL_ID);
        Path folder = Path.of(model);
        if (!Files.isDirectory(folder)) {
            return ids;
        }
        JsonNode config = config(folder.resolve("config.json"));
        if (config.path("_name_or_path").isTextual()) {
            ids.putIfAbsent(config.get("_name_or_path").asText(), Match.NAME_OR_PATH);
        }
        Path place = folder.toAbsolutePath().normalize();
        Matcher cached = CACHE_FOLDER.matcher(place.toString());
        if (cached.matches()) {
            ids.putIfAbsent(cached.group(1) + "/" + cached.group(2), Match.CACHE_FOLDER);
        }
        String name = String.valueOf(place.getFileName());
        presets.fieldNames().forEachRemaining(id -> {
            if (id.substring(id.lastIndexOf('/') + 1).equals(name)) {
                ids.putIfAbsent(id, Match.FOLDER_NAME);
            }
        });
        TABLE.get("sizes").forEachEntry((id, sizes) -> {
            if (agree(sizes, config)) {
                ids.putIfAbsent(id, Match.SIZES);
            }
        });
        return ids;
    }

    private static JsonNode config(Path file) {
        try {
            return Files.isRegularFile(file)
                    ? new ObjectMapper().readTree(file.toFile())
                    : new ObjectMapper().createObjectNode();
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
            throw new CompressionException(file + ": broken JSON, line " + line + ": " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new CompressionException(file + ": cannot be read: " + DecanterException.reason(e), e);
        }
    }

    private static boolean agree(JsonNode wanted, JsonNode config) {
        return wanted.propertyStream().allMatch(property -> {
            JsonNode value = config.path(property.getKey());
            return property.getValue().isNumber()
                    ? value.isNumber()
                            && value.doubleValue() == property.getValue().doubleValue()
                    : value.equals(property.getValue());
        });
    }

    private static Preset preset(String id, Match match, JsonNode entry) {
        Map<String, PresetSettings> parts = new LinkedHashMap<>();
        entry.path("parts").forEachEntry((name, part) -> parts.put(name, settings(part)));
        PresetSettings whole = parts.remove(LANGUAGE_MODEL);
        return new Preset(id, match, whole == null ? settings(entry) : whole, parts);
    }

    private static PresetSettings settings(JsonNode entry) {
        return new PresetSettings(
                mode(entry.get("mode").asText()),
                number(entry, "group_size"),
                entry.has("ratio") ? Optional.of(entry.get("ratio").doubleValue()) : Optional.empty(),
                entry.path("all_layers").asBoolean(),
                entry.path("awq").asBoolean(),
                entry.path("scale_estimation").asBoolean(),
                text(entry, "dataset"),
                text(entry, "group_size_fallback").map(Presets::upper).map(GroupSizeFallback::valueOf),
                text(entry, "backup_precision").map(Presets::upper).map(BackupMode::valueOf),
                number(entry, "dynamic_quantization_group_size"),
                entry.path("ignored_patterns")
                        .valueStream()
                        .map(JsonNode::asText)
                        .toList(),
                text(entry, "ignored_become").map(Presets::mode));
    }

    private static CompressionMode mode(String label) {
        return CompressionMode.valueOf(upper(label));
    }

    private static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    private static Optional<Integer> number(JsonNode entry, String key) {
        return entry.has(key) ? Optional.of(entry.get(key).intValue()) : Optional.empty();
    }

    private static Optional<String> text(JsonNode entry, String key) {
        return entry.has(key) ? Optional.of(entry.get(key).asText()) : Optional.empty();
    }
}
