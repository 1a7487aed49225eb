package dev.decanter.genai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.ir.DecanterException;
import dev.decanter.template.JinjaTemplate;
import dev.decanter.template.TemplateException;
import dev.decanter.tokenizers.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A model's chat template: Jinja as Transformers sets it up. Some models have several by name; then a conversation with tools is
 * rendered by {@code tool_use} if there is one, and any other by {@code default}. Untrusted, so it can neither reach classes nor
 * files, and its output and time are limited. Safe for several threads.
 */
public final class ChatTemplate {
    private static final List<String> TOKENS =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");
    private static final String JINJA = "chat_template.jinja";
    private static final String ADDITIONAL = "additional_chat_templates";
    private static final long MOST_BYTES = 4 << 20;

    private static final String DEFAULT = "default";
    private static final String TOOL_USE = "tool_use";

    private final String origin;
    private final Map<String, JinjaTemplate> templates = new LinkedHashMap<>();
    private final Map<String, String> specialTokens;

    private ChatTemplate(String origin, Map<String, String> sources, Map<String, String> specialTokens) {
        this.origin = origin;
        sources.forEach((name, source) ->
                templates.put(name, new JinjaTemplate(sources.size() == 1 ? origin : origin + ", " + name, source)));
        this.specialTokens = Map.copyOf(specialTokens);
    }

    /**
     * A template.
     *
     * @param origin what messages call it, for example its file
     * @param source Jinja
     * @param specialTokens variables such as {@code bos_token}
     */
    public static ChatTemplate of(String origin, String source, Map<String, String> specialTokens) {
        return new ChatTemplate(origin, Map.of(DEFAULT, source), specialTokens);
    }

    /**
     * Several templates.
     *
     * @param origin what messages call them, for example their file
     * @param sources Jinja by name, as {@code default}, {@code tool_use} and {@code rag}
     * @param specialTokens variables such as {@code bos_token}
     * @throws GenerationException if there is none
     */
    public static ChatTemplate ofNamed(String origin, Map<String, String> sources, Map<String, String> specialTokens) {
        if (sources.isEmpty()) {
            throw new GenerationException(origin + ": has no chat template");
        }
        return new ChatTemplate(origin, sources, specialTokens);
    }

    /**
     * Looks in a model's folder: {@code tokenizer_config.json}, {@code processor_config.json}, {@code chat_template.json},
     * {@code chat_template.jinja} with {@code additional_chat_templates/*.jinja}, the tokenizer's {@code rt_info}; the last of
     * them that has a template wins. The tokenizer's, which is one, does not hide others by name beside an equal one.
     *
     * @throws GenerationException if a file is malformed
     */
    public static Optional<ChatTemplate> find(Path folder, Optional<Tokenizer> tokenizer) {
        Map<String, String> tokens = specialTokens(folder, tokenizer);
        Optional<ChatTemplate> found = Optional.empty();
        for (String name : List.of("tokenizer_config.json", "processor_config.json", "chat_template.json")) {
            Path file = folder.resolve(name);
            Map<String, String> sources =
                    JsonObject.readIfThere(file).map(ChatTemplate::sources).orElse(Map.of());
            found = sources.isEmpty() ? found : Optional.of(ofNamed(file.toString(), sources, tokens));
        }
        Map<String, String> files = files(folder);
        if (!files.isEmpty()) {
            String file = folder.resolve(files.containsKey(DEFAULT) ? JINJA : ADDITIONAL)
                    .toString();
            found = Optional.of(ofNamed(file, files, tokens));
        }
        Optional<String> own = tokenizer.flatMap(Tokenizer::chatTemplate);
        if (own.isEmpty()
                || found.map(other -> other.source().equals(own.get())).orElse(false)) {
            return found;
        }
        return Optional.of(of(folder.resolve("openvino_tokenizer.xml") + ", chat_template", own.get(), tokens));
    }

    private static Map<String, String> files(Path folder) {
        Map<String, String> sources = new LinkedHashMap<>();
        Path jinja = folder.resolve(JINJA);
        if (Files.isRegularFile(jinja)) {
            sources.put(DEFAULT, text(jinja));
        }
        Path additional = folder.resolve(ADDITIONAL);
        if (Files.isDirectory(additional)) {
            try (Stream<Path> all = Files.list(additional)) {
                for (Path file : all.sorted().toList()) {
                    String name = file.getFileName().toString();
                    if (name.endsWith(".jinja")) {
                        sources.put(name.substring(0, name.length() - ".jinja".length()), text(file));
                    }
                }
            } catch (IOException e) {
                throw new GenerationException(additional + ": cannot be read: " + DecanterException.reason(e), e);
            }
        }
        return sources;
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new GenerationException(file + ": is larger than " + MOST_BYTES + " bytes; is it a template?");
            }
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new GenerationException(file + ": cannot be read: " + DecanterException.reason(e), e);
        }
    }

    /** One template, a dict of them, or a list of objects with name and template. */
    private static Map<String, String> sources(JsonObject json) {
        Optional<JsonNode> value = json.value("chat_template");
        Map<String, String> sources = new LinkedHashMap<>();
        if (value.isEmpty()) {
            return sources;
        }
        if (value.get().isTextual()) {
            sources.put(DEFAULT, value.get().textValue());
        } else if (value.get().isObject()) {
            value.get().properties().forEach(entry -> put(sources, entry.getKey(), entry.getValue(), json));
        } else {
            value.get().forEach(entry -> put(sources, entry.path("name").asText(), entry.path("template"), json));
        }
        return sources;
    }

    private static void put(Map<String, String> sources, String name, JsonNode template, JsonObject json) {
        if (name.isEmpty() || !template.isTextual()) {
            throw new GenerationException(
                    json.file() + ": chat_template must be a text, or texts by name, or a list of name and template");
        }
        sources.put(name, template.textValue());
    }

    /** By name, from the tokenizer's graph and then from the files, which win. */
    private static Map<String, String> specialTokens(Path folder, Optional<Tokenizer> tokenizer) {
        Map<String, String> tokens = new LinkedHashMap<>();
        tokenizer.ifPresent(t -> {
            t.bosToken().ifPresent(token -> tokens.put("bos_token", token));
            t.eosToken().ifPresent(token -> tokens.put("eos_token", token));
            t.padToken().ifPresent(token -> tokens.put("pad_token", token));
        });
        for (String name : List.of("special_tokens_map.json", "tokenizer_config.json")) {
            JsonObject.readIfThere(folder.resolve(name)).ifPresent(json -> {
                for (String token : TOKENS) {
                    json.value(token).ifPresent(value -> {
                        JsonNode content = value.isObject() ? value.path("content") : value;
                        tokens.put(token, content.asText());
                    });
                }
            });
        }
        return tokens;
    }

    /** The Jinja source of the default template, or of the first if none is called so. */
    public String source() {
        return templates
                .getOrDefault(DEFAULT, templates.values().iterator().next())
                .source();
    }

    /** The names of the templates; of a model's only one it is {@code default}. */
    public Set<String> names() {
        return Collections.unmodifiableSet(templates.keySet());
    }

    private JinjaTemplate chosen(boolean tools) {
        Optional<JinjaTemplate> forTools = Optional.ofNullable(tools ? templates.get(TOOL_USE) : null);
        return forTools.or(() -> Optional.ofNullable(templates.get(DEFAULT)))
                .orElseThrow(() -> new GenerationException(origin + ": has several chat templates and no default: "
                        + templates.keySet() + "; name one of them default"));
    }

    /**
     * The prompt for a conversation.
     *
     * @param addGenerationPrompt whether the beginning of the model's answer is added
     * @throws GenerationException with the template's own message if it refuses the conversation, or saying where it is
     *     wrong, or that it exceeds the limits
     */
    public String render(ChatHistory history, boolean addGenerationPrompt) {
        Map<String, Object> context = new LinkedHashMap<>(specialTokens);
        context.put("messages", history.messages());
        context.put("tools", history.tools().isEmpty() ? null : history.tools());
        context.put("documents", null);
        context.put("add_generation_prompt", addGenerationPrompt);
        context.putAll(history.extraContext());
        try {
            return chosen(!history.tools().isEmpty()).render(context);
        } catch (TemplateException e) {
            throw new GenerationException(String.valueOf(e.getMessage()), e);
        }
    }
}
