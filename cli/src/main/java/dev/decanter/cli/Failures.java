package dev.decanter.cli;

import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Turns failures into one line {@code decanter: …} on standard error and an exit status. */
final class Failures implements IExecutionExceptionHandler, IParameterExceptionHandler {
    static final int FAILED = 1;
    static final int USAGE = 2;

    private static final String PREFIX = "decanter: ";
    private static final Pattern BREAKS = Pattern.compile("\\s*\\R\\s*");
    private static final Pattern CONTROLS = Pattern.compile("[\\p{Cc}\\u202A-\\u202E\\u2066-\\u2069]");

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) {
        if (Interruption.requested()) {
            return FAILED;
        }
        PrintWriter err = command.getErr();
        err.println(PREFIX + line(failure));
        if (command.getCommandSpec().root().userObject() instanceof Main main && main.verbose) {
            failure.printStackTrace(err);
        }
        err.flush();
        return FAILED;
    }

    @Override
    public int handleParseException(ParameterException failure, String[] args) {
        CommandLine command = failure.getCommandLine();
        PrintWriter err = command.getErr();
        err.println(PREFIX + oneLine(String.valueOf(failure.getMessage())));
        CommandLine.UnmatchedArgumentException.printSuggestions(failure, err);
        err.println("See '" + command.getCommandSpec().qualifiedName(" ") + " --help'.");
        err.flush();
        return USAGE;
    }

    /** The message for people, without the prefix. */
    static String line(Throwable failure) {
        String text = oneLine(text(failure));
        return isDiskFull(failure) ? text + "; free some disk space or name another output" : text;
    }

    private static String text(Throwable failure) {
        return switch (failure) {
            case DecanterException e -> String.valueOf(e.getMessage());
            case UncheckedIOException e -> text(String.valueOf(e.getMessage()), e);
            case NoSuchFileException e -> e.getFile() + ": does not exist";
            case AccessDeniedException e -> e.getFile() + ": access is denied; check the permissions";
            case FileSystemException e -> e.getFile() + ": " + e.getReason();
            case IOException e -> String.valueOf(e.getMessage());
            case CommandLine.ExecutionException e -> text(String.valueOf(e.getMessage()), e);
            case OutOfMemoryError e ->
                "out of memory (" + e.getMessage()
                        + "); close other programs, take a smaller model, or give Java more with"
                        + " DECANTER_JAVA_OPTS=-Xmx8g";
            case StackOverflowError _ -> "the input is nested too deeply";
            default -> "internal error: " + failure + "; run again with --verbose and report what it prints";
        };
    }

    private static String text(String message, Throwable wrapper) {
        Throwable cause = wrapper.getCause();
        return cause == null ? message : text(cause);
    }

    private static boolean isDiskFull(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            String message = at.getMessage();
            if (at instanceof IOException && message != null && message.contains("No space left on device")) {
                return true;
            }
        }
        return false;
    }

    /** Names in files may hold anything: a control character would reach the terminal as a command. */
    static String oneLine(String text) {
        return CONTROLS.matcher(BREAKS.matcher(text.strip()).replaceAll(" "))
                .replaceAll(control ->
                        String.format("\\\\u%04x", (int) control.group().charAt(0)));
    }
}
