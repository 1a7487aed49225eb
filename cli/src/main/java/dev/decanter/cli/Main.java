package dev.decanter.cli;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The root command: prints help or the version, and hands over to a subcommand. */
@Command(
        name = "decanter",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {
            DemoCommand.class,
            ExportCommand.class,
            ConvertTokenizerCommand.class,
            CompressCommand.class,
            QuantizeCommand.class,
            CompareCommand.class,
            GenerateCommand.class,
            ChatCommand.class,
            BenchmarkCommand.class,
            TokenizeCommand.class,
            RenderCommand.class,
            InspectCommand.class,
            DevicesCommand.class,
            AutoComplete.GenerateCompletion.class
        },
        synopsisSubcommandLabel = "COMMAND",
        description = "Convert, optimize and run generative AI models on the JVM.",
        footerHeading = "%nExample:%n",
        footer = "  decanter demo")
public final class Main implements Runnable {

    /** Wide enough for each example on one line. */
    private static final int HELP_WIDTH = 100;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Print the stack trace when something fails.")
    boolean verbose;

    /** Creates the root command; picocli fills its fields. */
    public Main() {}

    /**
     * Runs the command line and ends the JVM with its exit status: 0 done, 1 failed, 2 usage.
     *
     * @param args the command's words
     */
    public static void main(String[] args) {
        Interruption.watch();
        System.exit(commandLine().execute(args));
    }

    /**
     * Builds the parser with every subcommand, for {@link #main}, for shell completion and for tests.
     *
     * @return a new command line
     */
    static CommandLine commandLine() {
        Failures failures = new Failures();
        return new CommandLine(new Main())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpWidth(HELP_WIDTH)
                .setExecutionStrategy(Main::execute)
                .setExecutionExceptionHandler(failures)
                .setParameterExceptionHandler(failures);
    }

    /** picocli lets errors through; these two are answers to what the user gave, and get their line as well. */
    private static int execute(CommandLine.ParseResult parsed) {
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (OutOfMemoryError | StackOverflowError e) {
            throw new CommandLine.ExecutionException(parsed.commandSpec().commandLine(), Failures.line(e), e);
        }
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Missing command");
    }
}
