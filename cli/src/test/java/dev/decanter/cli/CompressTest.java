package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code compress}, and {@code export} with a compressed format, on a golden Llama of 64 and 160 channels. */
class CompressTest {
    private static final Path CHECKPOINT = Cli.GOLDEN.resolve("llama-gqa").resolve("model");

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path base;

    @BeforeAll
    static void export() {
        base = shared.resolve("ov");
        Cli.done("export", "--model", CHECKPOINT, base);
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static JsonNode greedy(Path model) {
        return Cli.done("generate", "--model", model, "--prompt-ids", "5,6,7", "--max-new-tokens", "8", "--json")
                .json()
                .get("token_ids");
    }

    private static List<String> precisions(Path model) {
        JsonNode json = Cli.done("inspect", model.resolve("openvino_model.xml"), "--json")
                .json();
        List<String> labels = new ArrayList<>();
        json.get("models")
                .get(0)
                .get("bitwidths")
                .forEach(row -> labels.add(row.get("precision").asText()));
        return labels;
    }

    @Test
    void showsTheTableAndProgressAndTakesTheOtherFilesAlong() throws IOException {
        Path source = Checkpoints.copy(base, folder.resolve("ov"));
        Files.writeString(source.resolve("README.md"), "mine");
        Path out = folder.resolve("int8");
        Cli result = Cli.done("compress", source, out);
        assertThat(result.out())
                .contains("Statistics of the bitwidth distribution:", "│ int8_asym, per-channel", "│ 100% (")
                .contains(out + ": int8_asym, ", " kB, was ", " in ");
        assertThat(result.err()).contains("reading " + source, "writing openvino_model.xml", "100 %");
        List<String> expected = new ArrayList<>(names(source));
        expected.add("openvino_config.json");
        assertThat(names(out)).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(names(folder)).containsExactly("int8", "ov");
        assertThat(Files.size(out.resolve("openvino_model.bin")))
                .isLessThan(Files.size(source.resolve("openvino_model.bin")) * 2 / 3);
        assertThat(greedy(out)).hasSize(8);
        // an earlier output is replaced, the foreign file that came along included
        Cli.done("compress", source, out, "--mode", "int4_sym", "--group-size", "32");
        assertThat(precisions(out)).containsExactly("int8_asym, per-channel", "int4_sym, group size 32");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "int8_sym||int8_sym, per-channel",
                "int4_asym|--group-size 32|int8_asym, per-channel;int4_asym, group size 32",
                "INT4_SYM|--group-size -1 --backup-precision int8_sym|int8_sym, per-channel;int4_sym, per-channel",
                "int4_sym|--group-size 32 --all-layers|int4_sym, group size 32",
                "int4_asym|--group-size 32 --backup-precision none|float;int4_asym, group size 32",
                "int4_sym|--group-size 128 --group-size-fallback adjust|int8_asym, per-channel;int4_sym, group size 32;int4_sym, group size 64",
                "nf4|--group-size 32|int8_asym, per-channel;nf4, group size 32",
                "mxfp4||mxfp8_e4m3, group size 32;mxfp4, group size 32"
            })
    void everyModeRuns(String mode, String flags, String labels) {
        Path out = folder.resolve("out");
        List<Object> words = new ArrayList<>(List.of("compress", base, out, "--mode", mode));
        if (flags != null) {
            words.addAll(List.of(flags.split(" ", -1)));
        }
        Cli.done(words.toArray());
        assertThat(precisions(out)).containsExactly(labels.split(";", -1));
        assertThat(greedy(out)).hasSize(8);
    }

    @Test
    void oneXmlBecomesAnother() throws IOException {
        Path out = folder.resolve("small.xml");
        JsonNode json = Cli.done("compress", base.resolve("openvino_model.xml"), out, "--mode", "int8_sym", "--json")
                .json();
        assertThat(names(folder)).containsExactly("small.bin", "small.xml");
        assertThat(json.get("mode").asText()).isEqualTo("int8_sym");
        assertThat(json.get("bytes").asLong())
                .isLessThan(json.get("bytes_before").asLong());
        assertThat(json.get("bitwidths")
                        .get(0)
                        .get("all")
                        .get("share_of_elements")
                        .asDouble())
                .isEqualTo(1);
        assertThat(json.get("layers").get(0).get("precision").asText()).isEqualTo("int8_sym, per-channel");
    }

    @Test
    void exportCompressesInOnePass() throws IOException {
        Path out = folder.resolve("out");
        Cli result = Cli.done(
                "export", "--model", CHECKPOINT, "--weight-format", "int4", "--sym", "--group-size", "32", out);
        assertThat(result.out()).contains("int4_sym, group size 32", "parameters, int4, ");
        assertThat(precisions(out)).containsExactly("int8_asym, per-channel", "int4_sym, group size 32");
        JsonNode config = Cli.read(out.resolve("openvino_config.json"));
        assertThat(config.get("dtype").asText()).isEqualTo("int4");
        JsonNode quantization = config.get("quantization_config");
        assertThat(quantization.get("bits").asInt()).isEqualTo(4);
        assertThat(quantization.get("sym").asBoolean()).isTrue();
        assertThat(quantization.get("group_size").asInt()).isEqualTo(32);
        assertThat(quantization.get("all_layers").isNull()).isTrue();
        Path two = folder.resolve("two");
        Cli.done("compress", base, two, "--mode", "int4_sym", "--group-size", "32");
        // the checkpoint is f16, so both ways begin with the same numbers
        assertThat(out.resolve("openvino_model.bin"))
                .hasBinaryContent(Files.readAllBytes(two.resolve("openvino_model.bin")));
        assertThat(Cli.done("generate", "--model", out, "--prompt", "Hi", "--max-new-tokens", "2")
                        .out())
                .isNotEmpty();
    }

    @Test
    void int4AloneTakesTheSettingsOfTheModel() throws IOException {
        Path named = Checkpoints.copy(CHECKPOINT, folder.resolve("checkpoint"));
        Checkpoints.config(named, config -> config.put("_name_or_path", "inceptionai/jais-13b"));
        Cli known = Cli.done("export", "--model", named, "--weight-format", "int4", folder.resolve("known"));
        assertThat(known.err())
                .contains("int4: settings of inceptionai/jais-13b (config.json names it): int4_asym, group size 128,"
                        + " ratio 1.0, group size fallback adjust");
        assertThat(precisions(folder.resolve("known")))
                .containsExactly("int8_asym, per-channel", "int4_asym, group size 32", "int4_asym, group size 64");
        Cli chosen = Cli.done(
                "export", "--model", named, "--weight-format", "int4", "--group-size", "32", folder.resolve("chosen"));
        assertThat(chosen.err()).doesNotContain("settings");
    }

    @Test
    void anUnknownModelGetsTheUsualSettingsWhichMustFit() {
        Cli result = Cli.run("export", "--model", CHECKPOINT, "--weight-format", "int4", folder.resolve("out"));
        assertThat(result.err())
                .contains("int4: no settings are known for this model, so the usual ones are taken:"
                        + " int4_asym, group size 128, ratio 1.0");
        // 64 channels are no multiple of 128
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err().lines().toList().getLast())
                .startsWith("decanter: ")
                .contains("--group-size");
        assertThat(folder).isEmptyDirectory();
    }

    @ParameterizedTest
    @CsvSource({"int8,int8_asym", "int8 --sym,int8_sym", "nf4 --group-size 32,nf4", "mxfp8,mxfp8_e4m3"})
    void exportKnowsTheFormatsOfOptimum(String flags, String mode) {
        List<Object> words = new ArrayList<>(List.of("export", "--model", CHECKPOINT, "--weight-format"));
        words.addAll(List.of(flags.split(" ", -1)));
        Path out = folder.resolve("out");
        words.add(out);
        Cli.done(words.toArray());
        assertThat(precisions(out).getLast()).startsWith(mode);
    }

    @Test
    void inspectShowsTheBitWidthsOfAnyModel() {
        assertThat(Cli.done("inspect", base).out()).contains("│ float ");
        JsonNode row = Cli.done("inspect", base, "--json")
                .json()
                .get("models")
                .get(1)
                .get("bitwidths")
                .get(0);
        assertThat(row.get("precision").asText()).isEqualTo("float");
        assertThat(row.get("bits").asInt()).isEqualTo(32);
        assertThat(row.get("all").get("share_of_elements").asDouble()).isEqualTo(1);
    }

    /** Words of the model's own vocabulary, enough of them for a few windows. */
    private Path texts() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            text.append("the quick river ran over ").append(i).append(" stones and was gone\n");
        }
        return Files.writeString(folder.resolve("texts.txt"), text);
    }

    @ParameterizedTest
    @CsvSource({
        "--awq,AWQ",
        "--scale-estimation,scale estimation",
        "--awq --scale-estimation,finds the scales already",
        "--gptq,GPTQ",
        "--lora-correction,low-rank correction",
        "--ratio 0.5 --sensitivity-metric hessian_input_activation,mixed precision"
    })
    void methodsThatLookAtActivationsRunOnTexts(String flags, String stage) throws IOException {
        Path out = folder.resolve("out");
        List<Object> words =
                new ArrayList<>(List.of("compress", base, out, "--mode", "int4_sym", "--group-size", "32"));
        words.addAll(List.of(flags.split(" ", -1)));
        words.addAll(List.of("--dataset", texts(), "--num-samples", "4", "--seq-len", "16"));
        Cli result = Cli.done(words.toArray());
        assertThat(result.err()).containsIgnoringCase(stage);
        assertThat(precisions(out)).containsExactly("int8_asym, per-channel", "int4_sym, group size 32");
        JsonNode quantization = Cli.read(out.resolve("openvino_config.json")).get("quantization_config");
        assertThat(quantization.get("num_samples").asInt()).isEqualTo(4);
        assertThat(quantization.get("dataset").asText()).endsWith("texts.txt");
        assertThat(greedy(out)).hasSize(8);
        Path plain = folder.resolve("plain");
        Cli.done("compress", base, plain, "--mode", "int4_sym", "--group-size", "32");
        assertThat(Files.mismatch(out.resolve("openvino_model.bin"), plain.resolve("openvino_model.bin")))
                .isNotEqualTo(-1);
    }

    @Test
    void statisticsAreKeptAndFoundAgain() throws IOException {
        Path statistics = folder.resolve("statistics");
        Object[] words = {
            "export",
            "--model",
            CHECKPOINT,
            "--weight-format",
            "int4",
            "--group-size",
            "32",
            "--scale-estimation",
            "--dataset",
            texts(),
            "--num-samples",
            "4",
            "--quantization-statistics-path",
            statistics,
            folder.resolve("out")
        };
        Cli.done(words);
        byte[] first = Files.readAllBytes(folder.resolve("out/openvino_model.bin"));
        assertThat(statistics).isNotEmptyDirectory();
        Cli.done(words);
        assertThat(folder.resolve("out/openvino_model.bin")).hasBinaryContent(first);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPresetThatNeedsDataTakesTheFileThatIsGivenOrLetsTheModelWrite(boolean given) throws IOException {
        // the demo model: noise as of a golden model makes no texts
        Path named = Checkpoints.copy(Path.of("..", "demo", "model"), folder.resolve("checkpoint"));
        Checkpoints.config(named, config -> config.put("_name_or_path", "microsoft/phi-2"));
        List<Object> words = new ArrayList<>(
                List.of("export", "--model", named, "--weight-format", "int4", "--num-samples", "4", "--seq-len", "8"));
        if (given) {
            words.addAll(List.of("--dataset", texts()));
        }
        words.add(folder.resolve("out"));
        Cli result = Cli.done(words.toArray());
        assertThat(result.err())
                .contains("(config.json names it): int4_asym, group size 64, ratio 1.0, AWQ, scale estimation")
                .contains("\nAWQ\n", "--scale-estimation: the search of --awq finds the scales already");
        String said = "they are calibrated on wikitext2, which is not at hand: the model writes texts itself"
                + " (--dataset FILE takes yours)";
        assertThat(result.err().contains(said)).isNotEqualTo(given);
        assertThat(precisions(folder.resolve("out")))
                .containsExactly("int8_asym, per-channel", "int4_asym, group size 64");
    }
}
