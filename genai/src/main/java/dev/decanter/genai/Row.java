package dev.decanter.genai;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One sequence that is being generated token by token: its tokens, its text, and why it ended. */
final class Row {
    private final DecodingTask task;
    private final int prompt;
    private final SequenceState state;
    private final Sampler sampler;
    private final Answer answer;
    private Optional<FinishReason> reason = Optional.empty();

    /** Begins with a prompt; {@code number} is the sequence's among those of the prompt. */
    Row(DecodingTask task, int prompt, int number) {
        this.task = task;
        this.prompt = prompt;
        this.state = task.newState(prompt);
        this.sampler = new Sampler(task.config(), state, number);
        this.answer = task.newAnswer();
    }

    Tokens tokens() {
        return state.tokens();
    }

    SequenceState state() {
        return state;
    }

    int prompt() {
        return prompt;
    }

    boolean ended() {
        return reason.isPresent();
    }

    void cancel() {
        reason = Optional.of(FinishReason.CANCEL);
    }

    /** Gives the prompt's text if it is to come first; ends the row if nothing is to follow. */
    void begin() {
        if (task.config().echo()) {
            take(answer.echo(state.tokens().range(0, state.tokens().promptLength())));
        }
        if (!ended() && state.tokens().remaining() == 0) {
            reason = Optional.of(FinishReason.LENGTH);
        }
    }

    /** Chooses a token from logits, which it changes. */
    void choose(float[] logits) {
        long begin = System.nanoTime();
        take(sampler.next(logits), begin);
    }

    /** Chooses a token where a draft guesses it; returns whether it is the guess. */
    boolean choose(float[] logits, Proposal guess) {
        long begin = System.nanoTime();
        int token = sampler.next(logits, guess);
        take(token, begin);
        return token == guess.token();
    }

    private void take(long token, long begunSampling) {
        task.watch().sampling(begunSampling);
        task.watch().token();
        long begin = System.nanoTime();
        String piece = answer.push(token);
        task.watch().detokenization(begin);
        take(piece);
        boolean stopToken =
                !task.config().ignoreEos() && task.config().stopTokenIds().contains(token);
        if (!ended() && (stopToken || answer.stopped())) {
            reason = Optional.of(FinishReason.STOP);
        }
        if (!ended() && state.tokens().remaining() == 0) {
            reason = Optional.of(FinishReason.LENGTH);
        }
    }

    private void take(String piece) {
        StreamingStatus status = task.streamer().write(piece);
        if (status == StreamingStatus.CANCEL || DecodingTask.interrupted()) {
            cancel();
        } else if (status == StreamingStatus.STOP) {
            reason = Optional.of(FinishReason.STOP);
        }
    }

    /**
     * The answer, after the end. What was held back belongs to the text and goes to the streamer, unless it cancelled.
     *
     * @param promptLogprobs of the prompt's tokens, if they come first
     */
    GeneratedSequence finish(List<Float> promptLogprobs) {
        FinishReason why = reason.orElseThrow();
        if (why != FinishReason.CANCEL) {
            long begin = System.nanoTime();
            String rest = answer.flush();
            task.watch().detokenization(begin);
            if (!rest.isEmpty()) {
                task.streamer().write(rest);
            }
        }
        List<Long> ids = answer.ids();
        List<Float> logprobs = sampler.logprobs().subList(0, ids.size() - answer.echoed());
        double score = 0;
        for (float logprob : logprobs) {
            score += logprob;
        }
        List<Float> wanted = new ArrayList<>();
        if (task.config().logprobs() > 0) {
            wanted.addAll(promptLogprobs);
            wanted.addAll(logprobs);
        }
        FinishReason told = answer.stopped() && why == FinishReason.LENGTH ? FinishReason.STOP : why;
        return GeneratedSequence.of(task.config().outputFormat(), answer.text(), ids, told, score, wanted);
    }
}
