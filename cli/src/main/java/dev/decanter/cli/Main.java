package dev.decanter.cli;

import dev.decanter.ir.DecanterException;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.UnpreparedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
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
        synopsisSubcommandLabel = "COMMAND",
        description = "Convert, optimize and run generative AI models on the JVM.",
        footerHeading = "%nExample:%n",
        footer = "  decanter demo")
public final class Main implements Runnable {

    /** In the order of the help. */
    private static final Map<String, Supplier<Object>> SUBCOMMANDS = subcommands();

    private static final Set<String> RUN_MODELS = Set.of("generate", "chat", "benchmark");

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
        if (args.length > 0 && RUN_MODELS.contains(args[0])) {
            Thread.ofPlatform().name("decanter-start").daemon(true).start(Main::findDevices);
        }
        System.exit(commandLine(args).execute(args));
    }

    /** Devices find out about the processor beside the reading of the command line; the command will create its own core. */
    private static void findDevices() {
        try {
            Core.create();
        } catch (DecanterException e) {
            // the command will meet it as well, and say it
            System.getLogger(Main.class.getName()).log(System.Logger.Level.DEBUG, "devices", e);
        }
    }

    private static Map<String, Supplier<Object>> subcommands() {
        Map<String, Supplier<Object>> all = new LinkedHashMap<>();
        all.put("demo", DemoCommand::new);
        all.put("export", ExportCommand::new);
        all.put("convert-tokenizer", ConvertTokenizerCommand::new);
        all.put("compress", CompressCommand::new);
        all.put("quantize", QuantizeCommand::new);
        all.put("compare", CompareCommand::new);
        all.put("generate", GenerateCommand::new);
        all.put("chat", ChatCommand::new);
        all.put("benchmark", BenchmarkCommand::new);
        all.put("tokenize", TokenizeCommand::new);
        all.put("render", RenderCommand::new);
        all.put("inspect", InspectCommand::new);
        all.put("devices", DevicesCommand::new);
        all.put("generate-completion", AutoComplete.GenerateCompletion::new);
        return all;
    }

    /**
     * Builds the parser: with the one subcommand that the words begin with, since reflecting on the options of all takes a
     * sixth of a short command's processor time; else with every one. Completion needs them all.
     *
     * @param args the command's words, or none
     * @return a new command line
     */
    static CommandLine commandLine(String... args) {
        Failures failures = new Failures();
        CommandLine line = new CommandLine(new Main());
        boolean one = args.length > 0 && SUBCOMMANDS.containsKey(args[0]) && !args[0].equals("generate-completion");
        SUBCOMMANDS.forEach((name, command) -> {
            if (!one || name.equals(args[0])) {
                line.addSubcommand(name, command.get());
            }
        });
        return line.setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpWidth(HELP_WIDTH)
                .setExecutionStrategy(Main::execute)
                .setExecutionExceptionHandler(failures)
                .setParameterExceptionHandler(failures);
    }

    /** picocli lets errors through; these two are answers to what the user gave, and get their line as well. */
    private static int execute(CommandLine.ParseResult parsed) {
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (CommandLine.ExecutionException e) {
            throw e.getCause() instanceof UnpreparedException ? notStartedAgain(parsed, e) : e;
        } catch (OutOfMemoryError | StackOverflowError e) {
            throw new CommandLine.ExecutionException(parsed.commandSpec().commandLine(), Failures.line(e), e);
        }
    }

    /** Starts the command again in a JVM with all modules, in the place of this process; returns why that was not possible. */
    private static CommandLine.ExecutionException notStartedAgain(
            CommandLine.ParseResult parsed, CommandLine.ExecutionException unprepared) {
        String checkout = System.getProperty("decanter.checkout");
        if (checkout == null) {
            return unprepared;
        }
        try {
            Restart.full(
                    Path.of(checkout).resolve("decanter"), parsed.originalArgs().size());
            return unprepared;
        } catch (IOException e) {
            String message = "cannot start Java again with all modules: " + e.getMessage()
                    + "; set DECANTER_START=full for a start with them";
            return new CommandLine.ExecutionException(
                    parsed.commandSpec().commandLine(), message, new CommandFailure(message));
        }
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Missing command");
    }
}
