package dev.decanter.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/** What all commands have: help, the two streams, JSON. */
@Command(
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExample:%n")
abstract class BaseCommand implements Callable<Integer> {
    static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    @CommandLine.Spec
    private CommandSpec spec;

    /** Does the work; a failure is an exception. */
    abstract void run() throws Exception;

    @Override
    public final Integer call() throws Exception {
        run();
        out().flush();
        return 0;
    }

    PrintWriter out() {
        return spec.commandLine().getOut();
    }

    PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /** One line on standard error. */
    void note(String line) {
        err().println(line);
        err().flush();
    }

    /** One JSON document on standard output. */
    void print(JsonNode json) {
        try {
            out().println(JSON.writeValueAsString(json));
        } catch (JsonProcessingException e) {
            throw new CommandFailure("the result cannot be written as JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** A wrong combination of flags. */
    CommandLine.ParameterException usage(String message) {
        return new CommandLine.ParameterException(spec.commandLine(), message);
    }

    /** A file of the command line that cannot be read. */
    static CommandFailure unreadable(Path file, IOException failure) {
        return new CommandFailure(file + ": cannot be read: " + DecanterException.reason(failure), failure);
    }
}
