package dev.decanter.genai;

import java.util.ArrayList;
import java.util.List;

/**
 * What was measured, in milliseconds, in the order in which it happened.
 *
 * @param generate whole calls
 * @param chatTemplate renderings of the chat template
 * @param tokenization encodings of a prompt
 * @param grammarCompile preparations of a grammar for structured output, which are short where it is known from before
 * @param timesToFirstToken from the start of a call to its first token
 * @param tokenIntervals from a token to the next of the same call
 * @param prefill inferences over prompts
 * @param inference all inferences, those over prompts included
 * @param sampling choices of a token
 * @param detokenization all decoding of a call together
 */
public record RawPerfMetrics(
        List<Double> generate,
        List<Double> chatTemplate,
        List<Double> tokenization,
        List<Double> grammarCompile,
        List<Double> timesToFirstToken,
        List<Double> tokenIntervals,
        List<Double> prefill,
        List<Double> inference,
        List<Double> sampling,
        List<Double> detokenization) {

    public RawPerfMetrics {
        generate = List.copyOf(generate);
        chatTemplate = List.copyOf(chatTemplate);
        tokenization = List.copyOf(tokenization);
        grammarCompile = List.copyOf(grammarCompile);
        timesToFirstToken = List.copyOf(timesToFirstToken);
        tokenIntervals = List.copyOf(tokenIntervals);
        prefill = List.copyOf(prefill);
        inference = List.copyOf(inference);
        sampling = List.copyOf(sampling);
        detokenization = List.copyOf(detokenization);
    }

    RawPerfMetrics plus(RawPerfMetrics other) {
        return new RawPerfMetrics(
                joined(generate, other.generate),
                joined(chatTemplate, other.chatTemplate),
                joined(tokenization, other.tokenization),
                joined(grammarCompile, other.grammarCompile),
                joined(timesToFirstToken, other.timesToFirstToken),
                joined(tokenIntervals, other.tokenIntervals),
                joined(prefill, other.prefill),
                joined(inference, other.inference),
                joined(sampling, other.sampling),
                joined(detokenization, other.detokenization));
    }

    private static List<Double> joined(List<Double> first, List<Double> second) {
        List<Double> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }
}
