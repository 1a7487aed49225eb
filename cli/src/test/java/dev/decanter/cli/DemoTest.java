package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The demo on the model of this checkout. */
class DemoTest {
    @Test
    void goesTheWholeWay() {
        Cli demo = Cli.done("demo");
        assertThat(demo.out())
                .contains("1/6  export", "2/6  tokenizer", "3/6  int4       weights of ", "4/6  compile    CPU")
                .containsPattern("weights of 6\\.\\d MB become 2\\.\\d MB")
                .contains("> What is the capital of France?", "The capital of France is Paris.")
                .contains("> What about Japan?", "The capital of Japan is Tokyo.", "tokens/s", "6/6  done");
        assertThat(demo.err()).isEmpty();
        assertThat(demo.out()
                        .lines()
                        .filter(line -> !line.contains(ModelFolders.cache().toString())))
                .allMatch(line -> line.length() <= 100);
    }
}
