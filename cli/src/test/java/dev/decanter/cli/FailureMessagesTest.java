package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.cli.Checkpoints.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What goes wrong, and the one line that the user reads about it. {@code @} stands for a folder of the test, {@code @/hf} in
 * it for a good checkpoint, {@code @/ov} for a good export; {@code @/out} must not exist afterwards.
 */
class FailureMessagesTest {
    private static final String NORM = "model.norm.weight";

    @TempDir
    static Path good;

    @TempDir
    Path folder;

    @BeforeAll
    static void export() throws IOException {
        Path hf = Checkpoints.copy(Cli.GOLDEN.resolve("llama-gqa").resolve("model"), good.resolve("hf"));
        Cli.done("export", "--model", hf, good.resolve("ov"), "--disable-convert-tokenizer");
    }

    /** Breaks something; in the table instead of many small tests. */
    @FunctionalInterface
    interface Damage {
        void in(Path folder) throws IOException;
    }

    private static final String INDIVISIBLE = "--group-size 48 does not divide the input channels of 21 layers: "
            + "\"__module.model.layers.0.self_attn.q_proj/ov_ext::linear/MatMul\" (64 channels), "
            + "\"__module.model.layers.0.self_attn.k_proj/ov_ext::linear/MatMul\" (64 channels), "
            + "\"__module.model.layers.0.self_attn.v_proj/ov_ext::linear/MatMul\" (64 channels), "
            + "...; choose a --group-size that does, or --group-size-fallback adjust or ignore";

    private static final Damage NONE = folder -> {};

    private static Arguments failure(String what, Damage damage, String command, String message) {
        return Arguments.of(what, damage, command, 1, message);
    }

    private static Arguments usage(String what, String command, String message) {
        return Arguments.of(what, NONE, command, 2, message);
    }

    static Stream<Arguments> checkpoints() {
        return Stream.of(
                failure(
                        "no folder",
                        NONE,
                        "export --model @/none @/out",
                        "--model @/none does not exist; name the folder that holds the model"),
                failure(
                        "a repository id",
                        NONE,
                        "export --model org/model @/out",
                        "--model org/model is not a folder here; download the repository and name its folder"),
                failure(
                        "a file as model",
                        NONE,
                        "export --model @/hf/config.json @/out",
                        "--model @/hf/config.json is a file; name the folder that holds the model"),
                failure(
                        "no config.json",
                        at -> Files.delete(at.resolve("hf/config.json")),
                        "export --model @/hf @/out",
                        "@/hf: config.json is missing; give a Hugging Face checkpoint folder (GGUF and pickles are not read)"),
                failure(
                        "broken config.json",
                        at -> Files.writeString(at.resolve("hf/config.json"), "{\"model_type\": "),
                        "export --model @/hf @/out",
                        "@/hf/config.json: broken JSON, line 1: Unexpected end-of-input within/between Object entries"),
                failure(
                        "unknown model_type",
                        at -> Checkpoints.config(at.resolve("hf"), config -> config.put("model_type", "mamba")),
                        "export --model @/hf @/out",
                        "@/hf/config.json: model_type \"mamba\" is not supported; supported are llama, mistral, qwen2, qwen3"),
                failure(
                        "a pickle",
                        at -> Files.move(at.resolve("hf/model.safetensors"), at.resolve("hf/pytorch_model.bin")),
                        "export --model @/hf @/out",
                        "@/hf: weights are only in the pickle pytorch_model.bin, which is not read because a pickle can execute code; convert it to model.safetensors first (in Python: AutoModelForCausalLM.from_pretrained(DIR).save_pretrained(OUT, safe_serialization=True)), or take a repository that has safetensors"),
                failure(
                        "no weights",
                        at -> Files.delete(at.resolve("hf/model.safetensors")),
                        "export --model @/hf @/out",
                        "@/hf: there is neither model.safetensors nor model.safetensors.index.json; is it a Hugging Face checkpoint folder?"),
                failure(
                        "truncated safetensors",
                        at -> Checkpoints.truncate(at.resolve("hf"), 10),
                        "export --model @/hf @/out",
                        "@/hf/model.safetensors: broken safetensors header: tensor \"model.norm.weight\" ends at byte 402304 of the data, which has 402294 bytes; the file is cut short, download it again"),
                failure(
                        "a missing tensor",
                        at -> Checkpoints.tensors(at.resolve("hf"), tensors -> tensors.remove(NORM)),
                        "export --model @/hf @/out",
                        "@/hf: tensor \"model.norm.weight\" of shape [64] is missing from the checkpoint"),
                failure(
                        "a tensor whose name talks to the terminal",
                        at -> Checkpoints.tensors(
                                at.resolve("hf"), tensors -> tensors.put("a\u001b[31m\nb\u202e", tensors.get(NORM))),
                        "export --model @/hf @/out",
                        "@/hf: surplus tensors that this architecture does not use: a\\u001b[31m b\\u202e; does config.json belong to these weights?"),
                failure(
                        "a broken link as output",
                        at -> Files.createSymbolicLink(at.resolve("link"), at.resolve("nowhere")),
                        "export --model @/hf @/link",
                        "@/link: is a link that leads nowhere; remove it, or name another folder for the output"),
                failure(
                        "a damaged tokenizer",
                        at -> Files.writeString(at.resolve("hf").resolve("tokenizer.json"), "{\"model\": {"),
                        "export --model @/hf @/out",
                        "@/hf/tokenizer.json: broken JSON, line 1: Unexpected end-of-input: expected close marker for Object"),
                failure(
                        "a damaged generation config",
                        at -> Files.writeString(at.resolve("hf").resolve("generation_config.json"), "[1]"),
                        "export --model @/hf @/out",
                        "@/hf/generation_config.json: not a JSON object; download the file again"),
                failure(
                        "a surplus tensor",
                        at -> Checkpoints.tensors(
                                at.resolve("hf"), tensors -> tensors.put("model.extra", tensors.get(NORM))),
                        "export --model @/hf @/out",
                        "@/hf: surplus tensors that this architecture does not use: model.extra; does config.json belong to these weights?"),
                failure(
                        "a misshapen tensor",
                        at -> Checkpoints.tensors(
                                at.resolve("hf"),
                                tensors -> tensors.put(NORM, new Tensor("F16", List.of(3L), ByteBuffer.allocate(6)))),
                        "export --model @/hf @/out",
                        "@/hf/model.safetensors: tensor \"model.norm.weight\" has the shape [3], but config.json asks for [64]"),
                failure(
                        "NaN",
                        at -> Checkpoints.tensors(at.resolve("hf"), tensors -> {
                            tensors.get("lm_head.weight").data().putShort(0, (short) -1);
                        }),
                        "export --model @/hf @/out",
                        "@/hf/model.safetensors: tensor \"lm_head.weight\" holds NaN at element 0 of shape [560, 64]; weights must be finite numbers, the checkpoint is damaged"),
                failure(
                        "quantized already",
                        at -> Checkpoints.config(
                                at.resolve("hf"),
                                config ->
                                        config.putObject("quantization_config").put("quant_method", "fp8")),
                        "export --model @/hf @/out",
                        "@/hf/config.json: quantization_config: the checkpoint is quantized already (quant_method \"fp8\"), which is not supported; take the checkpoint with f32, f16 or bf16 weights, or one of GPTQ or AWQ"),
                failure(
                        "a group size that does not divide",
                        NONE,
                        "export --model @/hf --weight-format int4 --group-size 48 @/out",
                        INDIVISIBLE),
                failure(
                        "another task",
                        NONE,
                        "export --model @/hf --task fill-mask @/out",
                        "task \"fill-mask\" is not supported; supported are auto, text-generation-with-past"),
                failure(
                        "the output is a folder of something else",
                        at -> Files.writeString(
                                Files.createDirectory(at.resolve("full")).resolve("thesis.txt"), "x"),
                        "export --model @/hf @/full",
                        "@/full: the output folder has files that no export wrote (thesis.txt); name another folder, or empty this one"),
                failure(
                        "the output is a file",
                        NONE,
                        "export --model @/hf @/hf/config.json",
                        "@/hf/config.json: is a file; name a folder for the output"),
                failure(
                        "no tokenizer.json",
                        at -> {
                            Files.delete(at.resolve("hf/tokenizer.json"));
                            Files.delete(at.resolve("hf/tokenizer.model"));
                        },
                        "convert-tokenizer @/hf -o @/out",
                        "@/hf: has no file that defines a tokenizer; add its tokenizer.json, its vocab.json and merges.txt, its vocab.txt, its SentencePiece model (tokenizer.model) or its ranks (*.tiktoken)"),
                failure(
                        "broken tokenizer.json",
                        at -> Files.writeString(at.resolve("hf/tokenizer.json"), "{"),
                        "convert-tokenizer @/hf -o @/out",
                        "@/hf/tokenizer.json: not valid JSON at line 1, column 2: Unexpected end-of-input: expected close marker for Object"));
    }

    static Stream<Arguments> compressions() {
        return Stream.of(
                failure(
                        "nothing to compress",
                        NONE,
                        "compress @/none @/out",
                        "@/none: does not exist; name an IR folder or an IR file (.xml)"),
                failure(
                        "a checkpoint to compress",
                        NONE,
                        "compress @/hf @/out",
                        "@/hf: has no openvino_model.xml; is it a Hugging Face folder? 'decanter export --weight-format int4' exports and compresses one"),
                failure(
                        "a pipeline to compress",
                        at -> {
                            for (String end : List.of(".xml", ".bin")) {
                                Files.move(
                                        at.resolve("ov/openvino_model" + end),
                                        at.resolve("ov/openvino_language_model" + end));
                            }
                        },
                        "compress @/ov @/out",
                        "@/ov: has no openvino_model.xml but the models of a pipeline (openvino_language_model.xml); name one of its XML files, and an XML file for the output"),
                failure(
                        "a checkpoint's file to compress",
                        NONE,
                        "compress @/hf/config.json @/out",
                        "@/hf/config.json: is no IR file (.xml); name one, or a folder with openvino_model.xml"),
                failure(
                        "a folder for a file",
                        NONE,
                        "compress @/ov/openvino_model.xml @/out",
                        "@/out: the output of an IR file must be named .xml too"),
                failure(
                        "the output is the input",
                        NONE,
                        "compress @/ov @/ov/../ov",
                        "@/ov/../ov: is what is read, and would be lost; name another folder or file for the output"),
                failure(
                        "the output is a folder of something else",
                        at -> Files.writeString(
                                Files.createDirectory(at.resolve("full")).resolve("thesis.txt"), "x"),
                        "compress @/ov @/full",
                        "@/full: the output folder has files that no export wrote (thesis.txt); name another folder, or empty this one"),
                failure(
                        "compressed already",
                        at -> {
                            Cli.done("compress", at.resolve("ov"), at.resolve("int8"));
                            Checkpoints.move(at.resolve("int8"), at.resolve("ov"));
                        },
                        "compress @/ov @/out --mode int4_sym --group-size 32",
                        "the model is compressed already (layer \"__module.model.embed_tokens/ov_ext::embedding/Gather\" is int8_asym, per-channel); start from the original, uncompressed model"),
                failure(
                        "groups that do not divide",
                        NONE,
                        "compress @/ov @/out --mode int4_sym --group-size 48",
                        INDIVISIBLE),
                failure(
                        "no samples",
                        NONE,
                        "quantize @/ov @/out --dataset @/none",
                        "--dataset @/none does not exist; name a folder of .npy files or images, or a text file"),
                failure(
                        "a dataset of the Hub",
                        NONE,
                        "compress @/ov @/out --mode int4_sym --gptq --dataset wikitext2",
                        "--dataset wikitext2: Decanter has no datasets and downloads none; give a text file, or auto for texts that the model writes itself"),
                failure(
                        "no such dataset",
                        NONE,
                        "export --model @/hf --weight-format int4 --gptq --dataset @/none.txt @/out",
                        "--dataset @/none.txt does not exist; give a text file, JSON lines, or auto for texts that the model writes itself"),
                failure(
                        "a layer that is not there",
                        NONE,
                        "compress @/ov @/out --ignored-scope no.such.layer",
                        "--ignored-scope: no layer is named \"no.such.layer\"; decanter inspect --layers lists the layers of a model"));
    }

    static Stream<Arguments> models() {
        return Stream.of(
                failure(
                        "an empty folder",
                        at -> Files.createDirectory(at.resolve("empty")),
                        "generate --model @/empty --prompt-ids 1",
                        "@/empty: has neither openvino_model.xml nor config.json; name an IR folder or a Hugging Face folder"),
                failure(
                        "an unknown device",
                        NONE,
                        "generate --model @/ov --device GPU --prompt-ids 1",
                        "@/ov/openvino_model.xml: there is no device \"GPU\"; there are AUTO, CPU, REFERENCE"),
                failure(
                        "an unknown property",
                        NONE,
                        "generate --model @/ov --device CPU --property SPEED=fast --prompt-ids 1",
                        "@/ov/openvino_model.xml: device CPU has no property \"SPEED\"; it has CACHE_DIR, DYNAMIC_QUANTIZATION_GROUP_SIZE, EXECUTION_MODE_HINT, INFERENCE_NUM_THREADS, KV_CACHE_PRECISION"),
                failure(
                        "a bad property",
                        NONE,
                        "generate --model @/ov --device CPU --property INFERENCE_NUM_THREADS=x --prompt-ids 1",
                        "@/ov/openvino_model.xml: INFERENCE_NUM_THREADS is not a number: \"x\""),
                failure(
                        "no BIN",
                        at -> Files.delete(at.resolve("ov/openvino_model.bin")),
                        "generate --model @/ov --prompt-ids 1",
                        "@/ov/openvino_model.xml: layer 68 \"Constant_5\" (Const, opset1): its data are in @/ov/openvino_model.bin, which does not exist"),
                failure(
                        "a short BIN",
                        at -> Files.write(at.resolve("ov/openvino_model.bin"), new byte[100]),
                        "generate --model @/ov --prompt-ids 1",
                        "@/ov/openvino_model.xml: layer 68 \"Constant_5\" (Const, opset1): its data, 4 bytes from 71936 on, reach outside @/ov/openvino_model.bin, which has 100 bytes"),
                failure(
                        "IR version 6",
                        at -> Files.writeString(
                                at.resolve("ov/openvino_model.xml"),
                                "<net name=\"old\" version=\"6\"><layers/><edges/></net>"),
                        "generate --model @/ov --prompt-ids 1",
                        "@/ov/openvino_model.xml: IR version 6 is older than 10 and not supported: convert the original model again with OpenVINO 2022.1 or newer"),
                failure(
                        "an unknown operation",
                        at -> replace(
                                at.resolve("ov/openvino_model.xml"),
                                "type=\"Softmax\"",
                                "type=\"Hardmax\"",
                                "type=\"Power\"",
                                "type=\"Empower\""),
                        "generate --model @/ov --prompt-ids 1",
                        "@/ov/openvino_model.xml: the CPU device cannot run operation Empower (opset1) of layer \"__module.model.layers.0.input_layernorm/aten::pow/Power\"; provide it as an OperationExtension or convert the model without it"),
                failure(
                        "no XML at all",
                        at -> Files.writeString(at.resolve("ov/openvino_model.xml"), "pickle"),
                        "generate --model @/ov --prompt-ids 1",
                        "@/ov/openvino_model.xml: is not well-formed XML: Content is not allowed in prolog. (line 1)"),
                failure(
                        "no tokenizer",
                        NONE,
                        "generate --model @/ov --prompt hello",
                        "@/ov: has no openvino_tokenizer.xml; convert the tokenizer (decanter convert-tokenizer) or give token ids"),
                failure(
                        "a template that refuses",
                        at -> Files.writeString(
                                at.resolve("messages.json"), "[{\"role\": \"assistant\", \"content\": \"x\"}]"),
                        "render --model @/hf --messages @/messages.json",
                        "@/hf/tokenizer_config.json: Conversation roles must alternate"
                                + " user/assistant/user/assistant/..."),
                failure(
                        "no chat template",
                        at -> Files.delete(at.resolve("ov/tokenizer_config.json")),
                        "generate --model @/ov --system x --prompt hello",
                        "@/ov: has no chat template; give the prompt as one text, or add chat_template.jinja"),
                failure(
                        "an id beyond the vocabulary",
                        NONE,
                        "generate --model @/ov --max-new-tokens 1 --prompt-ids 1,999999",
                        "the prompt has the token id 999999, which is not in the vocabulary of 560 tokens"),
                failure(
                        "a negative id",
                        NONE,
                        "generate --model @/ov --prompt-ids 1,-7",
                        "the prompt has the negative token id -7"),
                failure(
                        "a long prompt",
                        NONE,
                        "generate --model @/ov --prompt-ids " + "1,".repeat(5000) + "1",
                        "the prompt has 5001 tokens and 256 more are asked for (max_new_tokens), but the model's context is 256 tokens (max_position_embeddings in config.json); shorten the prompt"),
                failure(
                        "temperature 0",
                        NONE,
                        "generate --model @/ov --prompt-ids 1 --do-sample --temperature 0",
                        "temperature is 0.0, it must be above 0"),
                failure(
                        "top-p 2",
                        NONE,
                        "generate --model @/ov --prompt-ids 1 --do-sample --top-p 2",
                        "top_p is 2.0, it must be above 0 and at most 1"),
                failure(
                        "no new tokens",
                        NONE,
                        "generate --model @/ov --prompt-ids 1 --max-new-tokens 0",
                        "max_new_tokens is 0, it must be at least 1 (0 with echo only)"),
                failure(
                        "broken generation_config.json",
                        at -> Files.writeString(at.resolve("ov/generation_config.json"), "{\"temperature\": \"hot\"}"),
                        "generate --model @/ov --prompt-ids 1",
                        "@/ov/generation_config.json: temperature is \"hot\", it must be a number"),
                failure(
                        "a generation_config.json that is not text",
                        at -> Files.write(at.resolve("ov/generation_config.json"), new byte[] {'{', (byte) 0xFF, '}'}),
                        "generate --model @/ov --prompt-ids 1",
                        "@/ov/generation_config.json: cannot be read: it is not UTF-8 text"),
                failure(
                        "a folder called config.json",
                        at -> {
                            Files.delete(at.resolve("ov/config.json"));
                            Files.createDirectory(at.resolve("ov/config.json"));
                        },
                        "generate --model @/ov --prompt-ids 1",
                        "@/ov/config.json: cannot be read: Is a directory"),
                failure(
                        "nothing to inspect",
                        NONE,
                        "inspect @/none.xml",
                        "@/none.xml: does not exist; name an IR file (.xml) or a folder with some"),
                failure(
                        "a checkpoint to inspect",
                        NONE,
                        "inspect @/hf",
                        "@/hf: has no IR files (.xml); export the model first (decanter export --model @/hf OUT)"),
                failure(
                        "no tokenizer to use",
                        at -> {
                            Files.delete(at.resolve("ov/tokenizer.json"));
                            Files.delete(at.resolve("ov/tokenizer.model"));
                        },
                        "tokenize --model @/ov --text hello",
                        "@/ov: has no openvino_tokenizer.xml; convert the tokenizer (decanter convert-tokenizer)"),
                failure(
                        "no file to tokenize",
                        NONE,
                        "tokenize --model @/hf --file @/none.jsonl",
                        "@/none.jsonl: does not exist"),
                failure(
                        "no messages",
                        at -> Files.writeString(at.resolve("messages.json"), "{}"),
                        "render --model @/hf --messages @/messages.json",
                        "@/messages.json: must be a JSON list of objects"),
                failure(
                        "no JSON lines",
                        at -> Files.writeString(at.resolve("lines.jsonl"), "\n[1,\n"),
                        "tokenize --model @/hf --file @/lines.jsonl",
                        "@/lines.jsonl:2: is not JSON: Unexpected end-of-input within/between Array entries"),
                failure(
                        "two values in a JSON line",
                        at -> Files.writeString(at.resolve("lines.jsonl"), "\"a\" \"b\""),
                        "tokenize --model @/hf --file @/lines.jsonl",
                        "@/lines.jsonl:1: is not JSON: Trailing token (of type VALUE_STRING) found after value (bound as `com.fasterxml.jackson.databind.JsonNode`): not allowed as per `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`"),
                failure(
                        "a folder instead of JSON lines",
                        NONE,
                        "tokenize --model @/hf --file @/hf",
                        "@/hf: cannot be read: Is a directory"),
                failure(
                        "messages cut short",
                        at -> Files.writeString(at.resolve("messages.json"), "[{"),
                        "render --model @/hf --messages @/messages.json",
                        "@/messages.json: is not JSON: Unexpected end-of-input: expected close marker for Object"),
                failure(
                        "a template that joins too much",
                        at -> {
                            Files.writeString(at.resolve("messages.json"), "[]");
                            Files.writeString(at.resolve("hf/config.json"), "{{ range(100000)|join('x' * 1000000) }}");
                        },
                        "render --model @/hf/config.json --messages @/messages.json",
                        "@/hf/config.json, line 1: the template writes more than 33554432 characters"),
                failure(
                        "no variable",
                        at -> Files.writeString(at.resolve("messages.json"), "[]"),
                        "render --model @/hf --messages @/messages.json --set x=y",
                        "--set x: the value is not JSON: Unrecognized token 'y': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"),
                failure(
                        "no template to render",
                        at -> {
                            Files.delete(at.resolve("ov/tokenizer_config.json"));
                            Files.writeString(at.resolve("messages.json"), "[]");
                        },
                        "render --model @/ov --messages @/messages.json",
                        "@/ov: has no chat template; name a Jinja file, or add chat_template.jinja to the folder"),
                failure(
                        "no room to benchmark",
                        NONE,
                        "benchmark --model @/ov --prompt-tokens 5000",
                        "--prompt-tokens 5000 and --new-tokens 128 are more than the model's context of 256 tokens (max_position_embeddings in config.json); ask for fewer"));
    }

    static Stream<Arguments> usages() {
        return Stream.of(
                usage("no command", "", "Missing command"),
                usage("an unknown command", "exprot", "Unmatched argument at index 0: 'exprot'"),
                usage("no text to tokenize", "tokenize --model @/ov", "Give one of --text, --file and --ids"),
                usage(
                        "an unknown flag",
                        "generate --model @/ov --prompt x --num-bees 4",
                        "Unknown options: '--num-bees', '4'"),
                usage("no model", "generate --prompt x", "Missing required option: '--model=DIR'"),
                usage(
                        "an id left out",
                        "generate --model @/ov --prompt-ids 1,,2",
                        "Invalid value for option '--prompt-ids': \"\" is not a token id"),
                usage("no prompt", "generate --model @/ov", "Give either --prompt or --prompt-ids"),
                usage(
                        "two prompts",
                        "generate --model @/ov --prompt x --prompt-ids 1",
                        "Give either --prompt or --prompt-ids"),
                usage(
                        "no ids",
                        "generate --model @/ov --prompt-ids one",
                        "Invalid value for option '--prompt-ids': \"one\" is not a token id"),
                usage(
                        "no number",
                        "generate --model @/ov --prompt x --max-new-tokens many",
                        "Invalid value for option '--max-new-tokens': 'many' is not an int"),
                usage("logits as text", "generate --model @/ov --prompt x --logits 3", "--logits needs --json"),
                usage(
                        "raw system",
                        "generate --model @/ov --prompt x --raw --system y",
                        "--system is a message of the chat template and cannot be combined with --raw or --prompt-ids"),
                usage(
                        "no weight format",
                        "export --model @/hf --weight-format fp7 @/out",
                        "Invalid value for option '--weight-format': fp7 is not one of fp32, fp16, int8, int4, nf4, mxfp4, mxfp8, fp8, fp4"),
                usage(
                        "settings without a format",
                        "export --model @/hf --ratio 0.8 @/out",
                        "--ratio says how to compress, but not to what; add --weight-format int4, nf4 or mxfp4"),
                usage(
                        "settings of a format that compresses nothing",
                        "export --model @/hf --weight-format fp16 --awq @/out",
                        "--awq says how to compress, but --weight-format fp16 compresses nothing; give int4, nf4 or mxfp4"),
                usage(
                        "no zero points to leave out",
                        "export --model @/hf --weight-format nf4 --sym @/out",
                        "--sym belongs to --weight-format int8 or int4"),
                usage(
                        "groups of bytes",
                        "export --model @/hf --weight-format int8 --ratio 0.8 --group-size 64 @/out",
                        "--ratio, --group-size cannot be used with int8_asym, which compresses every layer to 8 bits with one scale for each channel; leave them out, or choose a 4-bit format"),
                usage(
                        "half of the layers of bytes",
                        "compress @/ov @/out --all-layers",
                        "--all-layers cannot be used with int8_asym, which compresses every layer to 8 bits with one scale for each channel; leave it out, or choose a 4-bit format"),
                usage(
                        "more than everything",
                        "compress @/ov @/out --mode int4_sym --ratio 1.5",
                        "--ratio 1.5 is not between 0 and 1"),
                usage(
                        "groups that the format does not have",
                        "compress @/ov @/out --mode mxfp4 --group-size 64",
                        "--group-size 64: groups of mxfp4 have 32 elements always; leave the option out"),
                usage(
                        "a metric without data",
                        "compress @/ov @/out --mode int4_sym --ratio 0.5 --sensitivity-metric max_activation_variance",
                        "--sensitivity-metric max_activation_variance ranks layers by their activations: give a --dataset, or leave the metric out"),
                usage(
                        "nothing to calibrate with",
                        "quantize @/ov @/out",
                        "Missing required option: '--dataset=DIR|FILE'"),
                usage(
                        "too much smoothing",
                        "quantize @/ov @/out --dataset @/ov --smooth-quant-alpha 2",
                        "--smooth-quant-alpha 2.0: give 0 to 1, or -1 to switch it off"),
                usage(
                        "an unknown rule",
                        "quantize @/ov @/out --dataset @/ov --activation-range mode",
                        "Invalid value for option '--activation-range': mode is not one of min_max, mean_min_max, percentile[:P]"),
                usage(
                        "scales without data",
                        "compress @/ov @/out --mode int4_sym --scale-estimation",
                        "--scale-estimation looks at the activations of the model: give a --dataset, or leave it out"),
                usage(
                        "two ways to make up for errors",
                        "compress @/ov @/out --mode int4_sym --gptq --lora-correction --dataset auto",
                        "--gptq and --lora-correction cannot be used together; leave one of them out"),
                usage(
                        "half a sample",
                        "compress @/ov @/out --mode int4_sym --gptq --dataset auto --num-samples 0",
                        "--num-samples 0 must be at least 1"),
                usage(
                        "no mode",
                        "compress @/ov @/out --mode int3",
                        "Invalid value for option '--mode': expected one of [INT8_ASYM, INT8_SYM, INT4_ASYM, INT4_SYM, NF4, MXFP4, MXFP8_E4M3, FP8_E4M3, FP4] (case-insensitive) but was 'int3'"),
                usage("no output", "export --model @/hf", "Missing required parameter: 'OUT'"),
                usage(
                        "no iterations",
                        "benchmark --model @/ov --iterations 0",
                        "Invalid value for option '--iterations': 0 is less than 1"),
                usage("a stray flag of the demo", "demo --json", "--json and --model belong to --score"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"checkpoints", "compressions", "models", "usages"})
    void saysWhatIsWrong(String what, Damage damage, String command, int status, String message) throws IOException {
        Checkpoints.copy(good.resolve("hf"), folder.resolve("hf"));
        Checkpoints.copy(good.resolve("ov"), folder.resolve("ov"));
        damage.in(folder);
        Object[] words = command.isEmpty()
                ? new Object[0]
                : Stream.of(command.split(" ", -1))
                        .map(word -> word.replace("@", folder.toString()))
                        .toArray();
        Cli result = Cli.run(words);
        assertThat(result.err().lines().filter(line -> line.startsWith("decanter: ")))
                .containsExactly("decanter: " + message.replace("@", folder.toString()));
        assertThat(result.status()).isEqualTo(status);
        assertThat(result.out()).isEmpty();
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private static void replace(Path file, String... pairs) throws IOException {
        String text = Files.readString(file);
        for (int i = 0; i < pairs.length; i += 2) {
            text = text.replace(pairs[i], pairs[i + 1]);
        }
        Files.writeString(file, text);
    }
}
