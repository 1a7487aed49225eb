package dev.decanter.cli;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The root command: prints help or the version, and hands over to a subcommand. */
@Command(
        name = "decanter",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = AutoComplete.GenerateCompletion.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Convert, optimize and run generative AI models on the JVM.")
public final class Main implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    /** Creates the root command; picocli fills its fields. */
    public Main() {}

    /**
     * Runs the command line and ends the JVM with its exit status: 0 done, 1 failed, 2 usage.
     *
     * @param args the command's words
     */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /**
     * Builds the parser with every subcommand, for {@link #main}, for shell completion and for tests.
     *
     * @return a new command line
     */
    static CommandLine commandLine() {
        return new CommandLine(new Main());
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Missing command");
    }
}
