package dev.decanter.compress.comparison;

import dev.decanter.compress.comparison.ComparisonReport.Answers;
import dev.decanter.genai.GenerationResult;
import java.util.List;

/** Sums up how answers differ from references. */
final class AnswerMeter {
    private AnswerMeter() {}

    static Answers of(List<GenerationResult> references, List<GenerationResult> answers) {
        int count = references.size();
        int identical = 0;
        double first = 0;
        double toCorrect = 0;
        double share = 0;
        double length = 0;
        double similarity = 0;
        for (int i = 0; i < count; i++) {
            long[] reference = references.get(i).best().ids();
            long[] answer = answers.get(i).best().ids();
            Divergence divergence = Divergence.of(reference, answer);
            boolean same = divergence.toCorrect() == 0 && reference.length == answer.length;
            identical += same ? 1 : 0;
            first += divergence.first();
            toCorrect += divergence.toCorrect();
            share += divergence.share();
            length += reference.length;
            similarity += ChrF.of(references.get(i).text(), answers.get(i).text());
        }
        return new Answers(
                count,
                identical,
                first / count,
                length == 0 ? 1 : first / length,
                toCorrect / count,
                share / count,
                similarity / count);
    }
}
