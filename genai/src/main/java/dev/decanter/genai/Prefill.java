package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Runs the prompts of a call, and keeps what the results are to say of them. */
final class Prefill {
    private final DecodingTask task;
    private final LanguageModel model;
    private final List<Optional<float[]>> logits = new ArrayList<>();
    private final List<List<Float>> logprobs = new ArrayList<>();

    Prefill(DecodingTask task) {
        this.task = task;
        this.model = task.model();
        for (int p = 0; p < task.prompts().size(); p++) {
            logits.add(Optional.empty());
            logprobs.add(List.of());
        }
    }

    /** Gives the logits behind the prompts, one row for each. */
    StepLogits run() {
        GenerationConfig config = task.config();
        List<long[]> prompts = task.prompts();
        long begin = System.nanoTime();
        int reused = config.echo() && config.logprobs() > 0 ? score() : task.reused();
        Step step = prompts.size() == 1
                ? Step.one(Arrays.copyOfRange(prompts.getFirst(), reused, prompts.getFirst().length))
                : Step.prompts(prompts, 0);
        StepLogits last = model.step(step);
        task.watch().prefill(begin);
        if (config.keepPromptLogits()) {
            for (int p = 0; p < prompts.size(); p++) {
                float[] kept = new float[last.vocabulary()];
                last.copyTo(p, 0, kept);
                logits.set(p, Optional.of(kept));
            }
        }
        return last;
    }

    /** Each prompt by itself, so that the logits of few positions exist at a time; returns how much the cache then holds. */
    private int score() {
        int cached = 0;
        for (int p = 0; p < task.prompts().size(); p++) {
            logprobs.set(p, PromptScores.of(model, task.prompts().get(p)));
            cached = task.prompts().get(p).length;
        }
        return model.trim(task.prompts().size() == 1 ? cached - 1 : 0);
    }

    /** The logits behind a prompt, if the configuration asks for them. */
    Optional<float[]> logits(int prompt) {
        return logits.get(prompt);
    }

    /** The log-probabilities of a prompt's own tokens; empty unless they are echoed with them. */
    List<Float> logprobs(int prompt) {
        return logprobs.get(prompt);
    }
}
