package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * The process of an {@link EngineWorker} and the lines to it and from it.
 *
 * @param loaded what it said when the model was loaded
 */
record Worker(EngineSpec spec, Process process, PrintStream commands, BufferedReader answers, JsonNode loaded)
        implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();

    /** Starts the process and waits until the model is loaded; its standard error goes to {@code log}. */
    static Worker start(EngineSpec spec, List<String> command, Path log) throws IOException {
        Process process =
                new ProcessBuilder(command).redirectError(log.toFile()).start();
        PrintStream commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        BufferedReader answers = process.inputReader(StandardCharsets.UTF_8);
        String first = answers.readLine();
        if (first == null) {
            throw new IOException(spec.name() + " did not start, see " + log);
        }
        return new Worker(spec, process, commands, answers, JSON.readTree(first));
    }

    JsonNode prompt(int count) throws IOException {
        return ask("prompt " + count);
    }

    JsonNode decode(int count) throws IOException {
        return ask("decode " + count);
    }

    private JsonNode ask(String command) throws IOException {
        commands.println(command);
        String line = answers.readLine();
        if (line == null) {
            throw new IOException(spec.name() + " ended at \"" + command + "\", see its log");
        }
        return JSON.readTree(line);
    }

    /** Ends the process. */
    @Override
    public void close() {
        commands.close();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
        }
    }
}
