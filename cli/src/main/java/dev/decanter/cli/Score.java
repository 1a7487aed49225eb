package dev.decanter.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.genai.ChatHistory;
import dev.decanter.genai.GenerationConfig;
import dev.decanter.genai.LLMPipeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Exact answers to a file of questions, each line {@code {"kind", "messages", "answer"}}: greedy generation with the chat
 * template, compared character by character.
 */
record Score(Map<String, Count> kinds) {
    /** Exact answers among questions of a kind. */
    record Count(int exact, int questions) {
        Count plus(Count other) {
            return new Count(exact + other.exact, questions + other.questions);
        }
    }

    static Score of(Path file, LLMPipeline pipeline) {
        GenerationConfig config =
                pipeline.generationConfig().toBuilder().doSample(false).build();
        Map<String, Count> kinds = new TreeMap<>();
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (int i = 0; i < lines.size(); i++) {
            JsonNode question = question(file + ":" + (i + 1), lines.get(i));
            ChatHistory history = ChatHistory.ofJson(question.get("messages").toString());
            String answer =
                    pipeline.generate(history, config, Streamers.cancellable()).text();
            Interruption.check();
            boolean exact = answer.equals(question.get("answer").textValue());
            kinds.merge(question.get("kind").asText(), new Count(exact ? 1 : 0, 1), Count::plus);
        }
        return new Score(kinds);
    }

    private static JsonNode question(String where, String line) {
        try {
            JsonNode question = BaseCommand.JSON.readTree(line);
            if (question.path("messages").isArray() && question.path("answer").isTextual() && question.has("kind")) {
                return question;
            }
        } catch (JsonProcessingException e) {
            throw new CommandFailure(where + ": is not JSON: " + e.getOriginalMessage(), e);
        }
        throw new CommandFailure(where + ": needs \"kind\", \"messages\" and \"answer\"");
    }

    private Count all() {
        return kinds.values().stream().reduce(new Count(0, 0), Count::plus);
    }

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        kinds.forEach((kind, count) -> lines.add(line(kind, count)));
        lines.add(line("all", all()));
        return lines;
    }

    private static String line(String kind, Count count) {
        return "%-16s %5d of %5d  %8s"
                .formatted(kind, count.exact, count.questions, Quantity.percent(count.exact, count.questions));
    }

    ObjectNode json() {
        ObjectNode root = BaseCommand.JSON.createObjectNode();
        root.put("exact", all().exact).put("questions", all().questions);
        ObjectNode byKind = root.putObject("kinds");
        kinds.forEach((kind, count) ->
                byKind.putObject(kind).put("exact", count.exact).put("questions", count.questions));
        return root;
    }
}
