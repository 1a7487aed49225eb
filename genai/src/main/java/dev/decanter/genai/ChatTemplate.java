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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model's chat template: Jinja as Transformers sets it up. Untrusted, so it can neither reach classes nor files, and its
 * output and time are limited. Safe for several threads.
 */
public final class ChatTemplate {
    private static final List<String> TOKENS =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");
    private static final long MOST_BYTES = 4 << 20;

    private final JinjaTemplate template;
    private final Map<String, String> specialTokens;

    private ChatTemplate(String origin, String source, Map<String, String> specialTokens) {
        this.template = new JinjaTemplate(origin, source);
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
        return new ChatTemplate(origin, source, specialTokens);
    }

    /**
     * Looks in a model's folder: {@code tokenizer_config.json}, {@code processor_config.json}, {@code chat_template.json},
     * {@code chat_template.jinja}, the tokenizer's {@code rt_info}; the last of them that has a template wins. Of several named
     * templates, the one called {@code default} is taken.
     *
     * @throws GenerationException if a file is malformed
     */
    public static Optional<ChatTemplate> find(Path folder, Optional<Tokenizer> tokenizer) {
        Map<String, String> tokens = specialTokens(folder, tokenizer);
        Optional<ChatTemplate> found = Optional.empty();
        for (String name : List.of("tokenizer_config.json", "processor_config.json", "chat_template.json")) {
            Path file = folder.resolve(name);
            Optional<String> source = JsonObject.readIfThere(file).flatMap(ChatTemplate::source);
            found = source.map(text -> of(file.toString(), text, tokens)).or(either(found));
        }
        Path jinja = folder.resolve("chat_template.jinja");
        if (Files.isRegularFile(jinja)) {
            found = Optional.of(of(jinja.toString(), text(jinja), tokens));
        }
        return tokenizer
                .flatMap(Tokenizer::chatTemplate)
                .map(text -> of(folder.resolve("openvino_tokenizer.xml") + ", chat_template", text, tokens))
                .or(either(found));
    }

    private static java.util.function.Supplier<Optional<ChatTemplate>> either(Optional<ChatTemplate> other) {
        return () -> other;
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

    private static Optional<String> source(JsonObject json) {
        Optional<JsonNode> value = json.value("chat_template");
        if (value.isEmpty()) {
            return Optional.empty();
        }
        if (value.get().isTextual()) {
            return Optional.of(value.get().textValue());
        }
        for (JsonNode entry : value.get()) {
            if (entry.path("name").asText().equals("default")) {
                return Optional.of(entry.path("template").asText());
            }
        }
        return Optional.empty();
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

    /** The Jinja source. */
    public String source() {
        return template.source();
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
            return template.render(context);
        } catch (TemplateException e) {
            throw new GenerationException(String.valueOf(e.getMessage()), e);
        }
    }
}
