package dev.decanter.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.decanter.ir.DecanterException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
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
        requireWritten();
        return 0;
    }

    /** Print streams keep their failures to themselves; an answer lost to a full disk must not look like success. */
    private static void requireWritten() {
        if (!System.out.checkError()) {
            return;
        }
        String reason = "part of the output is lost";
        try {
            // the stream has forgotten what went wrong: the same file says it again
            standardOutput().write('\n');
        } catch (IOException e) {
            reason = DecanterException.reason(e);
        }
        // whoever closes a pipe early, as head does, has all that it wanted
        if (!reason.contains("Broken pipe")) {
            throw new CommandFailure("standard output cannot be written: " + reason + "; send it somewhere else");
        }
    }

    /** Not to be closed. */
    private static FileOutputStream standardOutput() {
        return new FileOutputStream(FileDescriptor.out);
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
        String fault = failure instanceof NoSuchFileException
                ? "does not exist"
                : "cannot be read: " + DecanterException.reason(failure);
        return new CommandFailure(file + ": " + fault, failure);
    }
}
