package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The root command's contract: what it prints, where, and its exit status. */
class MainTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        CommandLine commandLine = Main.commandLine(args);
        commandLine.setOut(new PrintWriter(out));
        commandLine.setErr(new PrintWriter(err));
        return commandLine.execute(args);
    }

    @Test
    void aSubcommandComesAloneUnderItsName() {
        Main.commandLine().getSubcommands().forEach((name, subcommand) -> {
            assertThat(subcommand.getCommandName()).isEqualTo(name);
            boolean completes = name.equals("generate-completion");
            assertThat(Main.commandLine(name).getSubcommands().size() > 1).isEqualTo(completes);
        });
        assertThat(Main.commandLine("generate", "--verbose").getSubcommands()).containsOnlyKeys("generate");
        assertThat(Main.commandLine("--help").getSubcommands()).hasSizeGreaterThan(10);
    }

    @Test
    void printsItsVersion() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).matches("(?s)decanter \\d+\\.\\d+\\.\\d+.*Java \\d+.*");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void printsHelpOnStandardOutput() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("Usage: decanter", "--version");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void missingCommandIsAUsageError() {
        assertThat(run()).isEqualTo(2);
        assertThat(err.toString()).contains("Missing command");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void unknownOptionIsAUsageError() {
        assertThat(run("--no-such-option")).isEqualTo(2);
        assertThat(err.toString()).contains("--no-such-option");
    }

    @Test
    void printsACompletionScriptForTheShell() {
        assertThat(run("generate-completion")).isZero();
        assertThat(out.toString()).contains("complete -F", "decanter", "--version");
    }
}
