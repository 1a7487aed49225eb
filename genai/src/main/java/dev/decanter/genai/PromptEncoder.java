package dev.decanter.genai;

import dev.decanter.tokenizers.EncodeOptions;
import dev.decanter.tokenizers.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Makes token ids of prompts: chat template, tokenizer, and a look at the ids. */
record PromptEncoder(
        Path folder, Optional<Tokenizer> tokenizer, Optional<ChatTemplate> template, OptionalLong vocabularySize) {

    /** Of a text, which is one user message if there is a chat template and it is to be used. */
    long[] encode(String prompt, GenerationConfig config, Stopwatch watch) {
        Optional<ChatTemplate> used = template.filter(_ -> config.applyChatTemplate());
        return used.isPresent()
                ? encode(render(used.get(), new ChatHistory().user(prompt), watch), false, watch)
                : encode(prompt, true, watch);
    }

    /** Of a conversation. */
    long[] encode(ChatHistory history, Stopwatch watch) {
        ChatTemplate used = template.orElseThrow(() -> new GenerationException(
                folder + ": has no chat template; give the prompt as one text, or add chat_template.jinja"));
        return encode(render(used, history, watch), false, watch);
    }

    private static String render(ChatTemplate template, ChatHistory history, Stopwatch watch) {
        long begin = System.nanoTime();
        String text = template.render(history, true);
        watch.chatTemplate(begin);
        return text;
    }

    private long[] encode(String text, boolean special, Stopwatch watch) {
        Tokenizer encoder = tokenizer.orElseThrow(
                () -> new GenerationException(
                        folder
                                + ": has no openvino_tokenizer.xml; convert the tokenizer (decanter convert-tokenizer) or give token ids"));
        long begin = System.nanoTime();
        long[] ids = encoder.encode(List.of(text), EncodeOptions.DEFAULT.withAddSpecialTokens(special))
                .inputIds()
                .toLongs();
        watch.tokenization(begin);
        return ids;
    }

    /** Throws {@link GenerationException} if an id is not in the model's vocabulary. */
    void check(long[] prompt) {
        long vocabulary = vocabularySize.orElse(Long.MAX_VALUE);
        for (long id : prompt) {
            if (id < 0) {
                throw new GenerationException("the prompt has the negative token id " + id);
            }
            if (id >= vocabulary) {
                throw new GenerationException("the prompt has the token id " + id
                        + ", which is not in the vocabulary of " + vocabulary + " tokens");
            }
        }
    }
}
