package dev.decanter.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import picocli.CommandLine;

/** Runs the command line in this JVM. */
record Cli(int status, String out, String err) {
    static final Path GOLDEN = Path.of("..", "testdata", "golden");

    private static final ObjectMapper MAPPER = new ObjectMapper();

    static Cli run(Object... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] args = Arrays.stream(words).map(String::valueOf).toArray(String[]::new);
        CommandLine commandLine = Main.commandLine(args);
        commandLine.setOut(new PrintWriter(out));
        commandLine.setErr(new PrintWriter(err));
        int status = commandLine.execute(args);
        return new Cli(status, out.toString(), err.toString());
    }

    /** Runs a command that must succeed. */
    static Cli done(Object... words) {
        Cli result = run(words);
        if (result.status != 0) {
            throw new AssertionError(
                    String.join(" ", Arrays.stream(words).map(String::valueOf).toList()) + ": status " + result.status
                            + ", " + result.err);
        }
        return result;
    }

    /** Standard output, which must be one line with one JSON object. */
    JsonNode json() {
        if (out.lines().count() != 1) {
            throw new AssertionError("not one line: " + out);
        }
        try {
            return MAPPER.readTree(out);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + out, e);
        }
    }

    static JsonNode read(Path file) {
        try {
            return MAPPER.readTree(file.toFile());
        } catch (java.io.IOException e) {
            throw new AssertionError(file.toString(), e);
        }
    }
}
