package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands on the golden model {@code qwen2}, which has a tokenizer and a chat template. */
class CommandsTest {
    private static final Path CHECKPOINT = Cli.GOLDEN.resolve("qwen2").resolve("model");

    @TempDir
    static Path folder;

    private static Path model;
    private static Cli exported;

    @BeforeAll
    static void export() {
        model = folder.resolve("ov");
        exported = Cli.done("export", "--model", CHECKPOINT, "--weight-format", "fp32", "--trust-remote-code", model);
    }

    static Stream<String> commands() {
        return Main.commandLine().getSubcommands().keySet().stream()
                .filter(name -> !name.equals("generate-completion"));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void helpHasAnExampleThatParses(String command) {
        Cli help = Cli.done(command, "--help");
        assertThat(help.out()).contains("Usage: decanter " + command, "Options:", "Example:", "--help", "--verbose");
        assertThat(help.err()).isEmpty();
        String example = help.out().lines().toList().getLast().strip();
        assertThat(example).startsWith("decanter " + command);
        String[] words = example.substring("decanter ".length())
                .replaceAll("\"[^\"]*\"", "text")
                .split(" ", -1);
        assertThat(Main.commandLine().parseArgs(words).errors()).isEmpty();
    }

    @Test
    void exportSaysWhatItDoesAndWhatItMade() {
        assertThat(exported.err())
                .contains(
                        "--trust-remote-code is ignored",
                        "writing openvino_model.xml",
                        "100 %",
                        "converting the tokenizer");
        assertThat(exported.out())
                .contains(model.toString(), "qwen2", "parameters, fp32", "kB in")
                .hasLineCount(1);
        assertThat(model.resolve("openvino_tokenizer.xml")).exists();
    }

    @Test
    void aTokenizerThatCannotBeConvertedIsToldAndLeftOut() throws IOException {
        Path broken = Checkpoints.copy(CHECKPOINT, folder.resolve("broken-tokenizer"));
        Files.writeString(broken.resolve("tokenizer.json"), "{}");
        Path out = folder.resolve("broken-ov");
        Cli result = Cli.done("export", "--model", broken, out);
        assertThat(result.err()).contains("the tokenizer is not converted, prompts must be token ids: ");
        assertThat(out.resolve("openvino_tokenizer.xml")).doesNotExist();
        assertThat(Cli.done("generate", "--model", out, "--prompt-ids", "1,2", "--max-new-tokens", "3")
                        .out())
                .matches("\\d+,\\d+,\\d+\\R");
    }

    @Test
    void anAnswerThatIsLostIsAFailure() {
        PrintStream out = System.out;
        System.setOut(new PrintStream(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        }));
        try {
            System.out.print("x");
            Cli result = Cli.run("devices");
            assertThat(result.status()).isEqualTo(1);
            assertThat(result.err()).startsWith("decanter: standard output cannot be written: ");
        } finally {
            System.setOut(out);
        }
    }

    @Test
    void anAnswerThatCannotBeDecodedIsSaidToBeIds() throws IOException {
        Path mute = folder.resolve("mute-ov");
        Cli.done("export", "--model", CHECKPOINT, mute);
        Files.delete(mute.resolve("openvino_detokenizer.xml"));
        Cli result = Cli.done("generate", "--model", mute, "--prompt", "Hello", "--max-new-tokens", "2");
        assertThat(result.out()).matches("\\d+,\\d+\\R");
        assertThat(result.err()).contains(mute + ": has no openvino_detokenizer.xml, the answer is token ids alone");
    }

    @Test
    void streamedTextIsTheTextOfTheJsonObject() {
        Object[] command = {"generate", "--model", model, "--prompt", "Hello", "--max-new-tokens", "9"};
        Cli text = Cli.done(command);
        JsonNode json = Cli.done(
                        Stream.concat(Stream.of(command), Stream.of("--json")).toArray())
                .json();
        assertThat(text.out()).isEqualTo(json.get("text").asText() + System.lineSeparator());
        assertThat(text.err()).contains("tokens in, 9 out, first token after");
        assertThat(json.get("sequences").get(0).get("token_ids")).isEqualTo(json.get("token_ids"));
        assertThat(json.get("sequences").get(0).get("score").asDouble()).isNegative();
        JsonNode metrics = json.get("metrics");
        for (String name : List.of("load_time_ms", "num_input_tokens", "ttft_ms", "tpot_ms", "prefill_tokens_per_s")) {
            assertThat(metrics.get(name).asDouble()).as(name).isPositive();
        }
        assertThat(metrics.get("decode_tokens_per_s").asDouble()).isPositive();
        assertThat(metrics.get("num_generated_tokens").asInt()).isEqualTo(9);
        assertThat(metrics.has("peak_rss_mb")).isTrue();
    }

    @Test
    void theChatTemplateIsAppliedUnlessRaw() {
        JsonNode chat = Cli.read(Cli.GOLDEN.resolve("qwen2").resolve("golden.json"))
                .get("chat")
                .get(0);
        String prompt = chat.get("messages").get(0).get("content").asText();
        int templated = inputTokens("--prompt", prompt);
        assertThat(templated).isEqualTo(chat.get("ids").size());
        assertThat(inputTokens("--prompt", prompt, "--raw")).isLessThan(templated);
        assertThat(inputTokens("--prompt", prompt, "--system", "Be brief, be kind, be quick."))
                .isNotEqualTo(templated);
    }

    private static int inputTokens(Object... words) {
        return Cli.done(Stream.concat(
                                Stream.of("generate", "--model", model, "--max-new-tokens", "1", "--json"),
                                Stream.of(words))
                        .toArray())
                .json()
                .get("metrics")
                .get("num_input_tokens")
                .asInt();
    }

    @Test
    void samplingFlagsCount() {
        Object[] base = {
            "generate", "--model", model, "--prompt-ids", "5,6", "--max-new-tokens", "12", "--json", "--ignore-eos"
        };
        JsonNode greedy = Cli.done(base).json().get("token_ids");
        assertThat(with(base, "--do-sample", "--seed", "3", "--temperature", "2"))
                .isNotEqualTo(greedy);
        assertThat(with(base, "--do-sample", "--seed", "3", "--temperature", "2"))
                .isEqualTo(with(base, "--do-sample", "--seed", "3", "--temperature", "2"));
        assertThat(with(base, "--do-sample", "--top-k", "1")).isEqualTo(greedy);
        assertThat(with(base, "--stop-token-ids", greedy.get(2).asText())).isEqualTo(greedy);
        assertThat(with(base, "--do-sample", "--top-p", "0.000001")).isEqualTo(greedy);
        Cli unused = Cli.done(
                Stream.concat(Stream.of(base), Stream.of("--temperature", "2")).toArray());
        assertThat(unused.err()).contains("have no effect without --do-sample");
        assertThat(Cli.done(Stream.concat(Stream.of(base), Stream.of("--logprobs", "1"))
                                .toArray())
                        .json()
                        .get("sequences")
                        .get(0)
                        .get("logprobs"))
                .hasSize(12);
    }

    private static JsonNode with(Object[] base, Object... more) {
        return Cli.done(Stream.concat(Stream.of(base), Stream.of(more)).toArray())
                .json()
                .get("token_ids");
    }

    @Test
    void aStopTokenEndsTheAnswer() {
        JsonNode golden = Cli.read(Cli.GOLDEN.resolve("qwen2").resolve("golden.json"))
                .get("generation")
                .get(0);
        JsonNode prompt = Cli.read(Cli.GOLDEN.resolve("qwen2").resolve("golden.json"))
                .get("cases")
                .get(0)
                .get("input_ids");
        String ids = String.join(",", prompt.valueStream().map(JsonNode::asText).toList());
        JsonNode result = Cli.done(
                        "generate",
                        "--model",
                        model,
                        "--prompt-ids",
                        ids,
                        "--json",
                        "--max-new-tokens",
                        "32",
                        "--stop-token-ids",
                        golden.get("params").get("eos_token_id").asText())
                .json();
        assertThat(result.get("token_ids")).isEqualTo(golden.get("sequences").get(0));
        assertThat(result.get("finish_reason").asText()).isEqualTo("stop");
    }

    @Test
    void aHuggingFaceFolderIsExportedOnceUntilItChanges() throws IOException {
        Path checkpoint = Checkpoints.copy(CHECKPOINT, folder.resolve("hf"));
        Object[] command = {"generate", "--model", checkpoint, "--prompt", "Hi", "--max-new-tokens", "2"};
        Cli first = Cli.done(command);
        assertThat(first.err()).contains("is a Hugging Face folder, it is exported into " + ModelFolders.cache());
        Cli second = Cli.done(command);
        assertThat(second.err())
                .contains("using " + ModelFolders.cache(), "exported earlier")
                .doesNotContain("writing");
        assertThat(second.out()).isEqualTo(first.out());
        Files.writeString(checkpoint.resolve("README.md"), "changed");
        assertThat(Cli.done(command).err()).contains("it is exported into");
    }

    @Test
    void inspectShowsPortsStatesAndWeights() throws IOException {
        Path copy = Checkpoints.copy(model, folder.resolve("without-bin"));
        Files.delete(copy.resolve("openvino_model.bin"));
        Cli text = Cli.done("inspect", copy.resolve("openvino_model.xml"));
        assertThat(text.out())
                .contains(
                        "inputs (4)",
                        "input_ids",
                        "states (",
                        "f32",
                        "100.0 %",
                        "ScaledDotProductAttention",
                        "rt_info");
        assertThat(text.out().lines()).allMatch(line -> line.length() <= 100);
        JsonNode models = Cli.done("inspect", copy, "--json").json().get("models");
        assertThat(models).hasSize(3);
        JsonNode language = models.get(1);
        assertThat(language.get("inputs").get(0).get("name").asText()).isEqualTo("input_ids");
        assertThat(language.get("states").size()).isEven().isPositive();
        JsonNode config = Cli.read(CHECKPOINT.resolve("config.json"));
        assertThat(language.get("weights").get("f32").get("elements").asLong())
                .isGreaterThan(config.get("vocab_size").asLong()
                        * config.get("hidden_size").asLong());
        assertThat(language.get("weights").get("f32").get("bits").asInt()).isEqualTo(32);
        assertThat(language.get("rt_info").get("conversion_parameters.task").asText())
                .isEqualTo("text-generation-with-past");
    }

    @Test
    void devicesAreListed() {
        assertThat(Cli.done("devices").out()).contains("CPU", "REFERENCE", "VECTOR_KERNELS", "INFERENCE_NUM_THREADS");
        JsonNode devices = Cli.done("devices", "--json").json().get("devices");
        assertThat(devices.get(0).get("name").asText()).isEqualTo("CPU");
        assertThat(devices.get(0).get("properties").has("INFERENCE_NUM_THREADS"))
                .isTrue();
    }

    @Test
    void convertTokenizerLeavesOtherFilesAlone() throws IOException {
        Path out = Files.createDirectories(folder.resolve("tokenizer"));
        Files.writeString(out.resolve("note.txt"), "mine");
        Cli.done("convert-tokenizer", CHECKPOINT, "-o", out);
        assertThat(out.resolve("openvino_detokenizer.xml")).doesNotExist();
        Cli.done("convert-tokenizer", CHECKPOINT, "-o", out, "--with-detokenizer", "--max-length", "4");
        assertThat(out.resolve("openvino_detokenizer.xml")).exists();
        assertThat(out.resolve("note.txt")).hasContent("mine");
        assertThat(Cli.done("tokenize", "--model", out, "--text", "The quick river ran", "--json")
                        .json()
                        .get("ids"))
                .hasSize(4);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.filter(file -> file.toString().endsWith(".part"))).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tokenizeGivesTheIdsOfTransformers(boolean converted) {
        Path from = converted ? model : CHECKPOINT;
        JsonNode golden = Cli.read(Cli.GOLDEN.resolve("qwen2").resolve("golden.json"))
                .get("cases")
                .get(0);
        JsonNode json = Cli.done(
                        "tokenize",
                        "--model",
                        from,
                        "--text",
                        golden.get("prompt_text").asText(),
                        "--json")
                .json();
        assertThat(json.get("ids")).isEqualTo(golden.get("input_ids"));
        assertThat(json.get("tokens")).hasSize(golden.get("input_ids").size());
        assertThat(json.get("text")).isEqualTo(golden.get("prompt_text"));
        assertThat(Cli.done("tokenize", "--model", from, "--ids", "315,372").out())
                .contains("315  \"", "text ");
    }

    @Test
    void tokenizeReadsLines() throws IOException {
        Path lines = Files.writeString(folder.resolve("lines.jsonl"), "\"The quick\"\n\n[315, 372]\n\"\"\n");
        List<String> out = Cli.done("tokenize", "--model", model, "--file", lines)
                .out()
                .lines()
                .toList();
        assertThat(out).hasSize(3).allMatch(line -> line.startsWith("{\"ids\":["));
        assertThat(out.get(0)).contains("\"text\":\"The quick\"");
        assertThat(out.get(2)).isEqualTo("{\"ids\":[],\"tokens\":[],\"text\":\"\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "llama3-rope-tied", "mistral-swa", "qwen2", "qwen3"})
    void renderPrintsExactlyTheTextOfTransformers(String golden) throws IOException {
        Path source = Cli.GOLDEN.resolve(golden);
        for (JsonNode chat : Cli.read(source.resolve("golden.json")).get("chat")) {
            Path messages = Files.writeString(
                    folder.resolve("messages.json"), chat.get("messages").toString());
            List<Object> words =
                    new ArrayList<>(List.of("render", "--model", source.resolve("model"), "--messages", messages));
            if (!chat.get("add_generation_prompt").asBoolean()) {
                words.add("--no-generation-prompt");
            }
            Cli result = Cli.run(words.toArray());
            if (chat.has("error")) {
                assertThat(result.status()).isEqualTo(1);
                assertThat(result.err()).contains(chat.get("error").asText()).hasLineCount(1);
            } else {
                assertThat(result.out()).isEqualTo(chat.get("text").asText());
            }
        }
    }

    @Test
    void renderTakesATemplateAndVariables() throws IOException {
        Path messages = Files.writeString(folder.resolve("none.json"), "[]");
        Path template = Files.writeString(
                folder.resolve("t.jinja"), "{{ greeting }}{% if add_generation_prompt %}!{% endif %}");
        Object[] command = {"render", "--model", template, "--messages", messages, "--set", "greeting=\"hej\""};
        assertThat(Cli.done(command).out()).isEqualTo("hej!");
        assertThat(Cli.done(Stream.concat(Stream.of(command), Stream.of("--no-generation-prompt"))
                                .toArray())
                        .out())
                .isEqualTo("hej");
    }

    @Test
    void renderTakesTools() throws IOException {
        Path messages = Files.writeString(folder.resolve("hi.json"), "[{\"role\": \"user\", \"content\": \"Hi\"}]");
        Path tools = Files.writeString(folder.resolve("tools.json"), "[{\"name\": \"f\", \"strict\": true}]");
        Path template = Files.writeString(
                folder.resolve("tools.jinja"),
                "{{ messages[0].content }} {{ tools | tojson }} {{ enable_thinking }} {{ bos_token }}");
        Object[] command = {
            "render",
            "--model",
            template,
            "--messages",
            messages,
            "--tools",
            tools,
            "--set",
            "enable_thinking=false",
            "--set",
            "bos_token=\"<s>\""
        };
        assertThat(Cli.done(command).out()).isEqualTo("Hi [{\"name\": \"f\", \"strict\": true}] False <s>");
    }

    @Test
    void benchmarkReports() {
        Object[] command = {
            "benchmark", "--model", model, "--prompt-tokens", "8", "--new-tokens", "3", "--iterations", "2"
        };
        Cli text = Cli.done(command);
        assertThat(text.out())
                .contains(
                        "load time", "input length   8 tokens", "generated      3 tokens in", " on CPU", "first token")
                .contains("prefill", "other tokens", "decode", "peak memory")
                .containsPattern("memory read +[0-9.]+ GB/s at decode \\(.+ a token\\), [0-9]+ % of the")
                .containsPattern("products +[0-9]+ GOPS at prefill, [0-9]+ % of the");
        assertThat(text.err()).contains("warm-up", "run 2 of 2");
        JsonNode json = Cli.done(
                        Stream.concat(Stream.of(command), Stream.of("--json")).toArray())
                .json();
        assertThat(json.get("device").asText()).isEqualTo("CPU");
        assertThat(json.get("runs")).hasSize(2);
        for (String name : List.of(
                "load_time_ms",
                "ttft_ms",
                "tpot_ms",
                "prefill_tokens_per_s",
                "decode_tokens_per_s",
                "decode_gb_per_s",
                "prefill_gops",
                "decode_read_share",
                "prefill_operations_share")) {
            assertThat(json.get(name).asDouble()).as(name).isPositive();
        }
        assertThat(json.at("/limits/read_gb_per_s").asDouble()).isPositive();
        assertThat(json.at("/limits/f32_gops").asDouble()).isPositive();
    }
}
