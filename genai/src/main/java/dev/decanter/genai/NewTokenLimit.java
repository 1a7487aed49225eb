package dev.decanter.genai;

import java.util.OptionalInt;

/** How many tokens an answer may have. */
final class NewTokenLimit {
    private NewTokenLimit() {}

    /**
     * Most new tokens behind a prompt.
     *
     * @throws GenerationException if the prompt and they do not fit the model's context, or nothing would end the answer
     */
    static int of(int promptLength, GenerationConfig config, OptionalInt context) {
        if (promptLength == 0) {
            throw new GenerationException("the prompt has no tokens; give at least one");
        }
        OptionalInt asked = config.newTokenLimit(promptLength);
        if (asked.isPresent() && asked.getAsInt() < (config.echo() ? 0 : 1)) {
            throw new GenerationException("the prompt has " + promptLength + " tokens, which leaves none of max_length "
                    + config.maxLength().orElse(0) + " for an answer; raise max_length or set max_new_tokens");
        }
        if (context.isEmpty()) {
            boolean ends =
                    !config.stopTokenIds().isEmpty() || !config.stopStrings().isEmpty();
            if (asked.isEmpty() && !ends) {
                throw new GenerationException(
                        "nothing would end the answer: neither the configuration nor the model's files"
                                + " name a stop token or a limit; set max_new_tokens");
            }
            return asked.orElse(Integer.MAX_VALUE - promptLength);
        }
        int room = context.getAsInt() - promptLength;
        int least = asked.isPresent() ? Math.min(1, asked.getAsInt()) : 1;
        if (room < least || (asked.isPresent() && asked.getAsInt() > room)) {
            throw new GenerationException("the prompt has " + promptLength + " tokens"
                    + (asked.isPresent() ? " and " + asked.getAsInt() + " more are asked for (max_new_tokens)" : "")
                    + ", but the model's context is " + context.getAsInt()
                    + " tokens (max_position_embeddings in config.json); shorten the prompt"
                    + (room >= 1 ? " or ask for at most " + room : ""));
        }
        return asked.orElse(room);
    }
}
