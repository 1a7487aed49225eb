package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes the weights of a Llama or Qwen 3 checkpoint (one {@code model.safetensors} of f16) as GGUF for llama.cpp: matrices in
 * F16, vectors in F32, no tokenizer. The numbers are the checkpoint's, so that both engines compute the same model and
 * their answers can be compared.
 *
 * <p>llama.cpp rotates neighbouring pairs where Transformers rotates halves; rows of the query and key projections are
 * put in that order, as llama.cpp's own {@code convert_hf_to_gguf.py} does; in a Qwen 3 both rotate halves.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF</a>
 */
public final class GgufCheckpoint {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int VERSION = 3;
    private static final int ALIGNMENT = 32;
    private static final int UINT32 = 4;
    private static final int FLOAT32 = 6;
    private static final int STRING = 8;
    private static final int TYPE_F32 = 0;
    private static final int TYPE_F16 = 1;
    private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d+)\\.(.+)\\.weight");

    /** A tensor of the checkpoint: where its f16 numbers are, and how many heads its rows are to be paired in, or 0. */
    private record Source(String name, long rows, long columns, MemorySegment data, int heads) {
        boolean vector() {
            return rows == 1;
        }

        long byteSize() {
            return rows * columns * (vector() ? Float.BYTES : Short.BYTES);
        }
    }

    private final Buffer header = new Buffer();
    private int entries;

    private GgufCheckpoint() {}

    /** Arguments: checkpoint folder, GGUF file. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 2) {
            throw new IllegalArgumentException("arguments: a checkpoint folder, and the GGUF file to write");
        }
        write(Path.of(arguments[0]), Path.of(arguments[1]));
    }

    /** Writes the checkpoint of {@code folder} to {@code gguf}. */
    static void write(Path folder, Path gguf) throws IOException {
        JsonNode config = JSON.readTree(Files.readString(folder.resolve("config.json")));
        try (Arena arena = Arena.ofConfined();
                FileChannel in = FileChannel.open(folder.resolve("model.safetensors"));
                FileChannel out = FileChannel.open(
                        gguf,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            MemorySegment file = in.map(FileChannel.MapMode.READ_ONLY, 0, in.size(), arena);
            new GgufCheckpoint().write(config, sources(config, file), out);
        }
    }

    private static List<Source> sources(JsonNode config, MemorySegment file) throws IOException {
        long headerSize = file.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        byte[] json = file.asSlice(Long.BYTES, headerSize).toArray(ValueLayout.JAVA_BYTE);
        JsonNode tensors = JSON.readTree(json);
        List<Source> sources = new ArrayList<>();
        for (var entry : tensors.properties()) {
            JsonNode tensor = entry.getValue();
            if (entry.getKey().equals("__metadata__")) {
                continue;
            }
            if (!tensor.path("dtype").asText().equals("F16")) {
                throw new IllegalArgumentException(entry.getKey() + " is not F16");
            }
            JsonNode shape = tensor.path("shape");
            long rows = shape.size() == 1 ? 1 : shape.path(0).asLong();
            long columns = shape.path(shape.size() - 1).asLong();
            long from = tensor.path("data_offsets").path(0).asLong();
            MemorySegment data = file.asSlice(Long.BYTES + headerSize + from, rows * columns * Short.BYTES);
            int heads = pairedHeads(config, entry.getKey());
            sources.add(new Source(name(entry.getKey()), rows, columns, data, heads));
        }
        return sources;
    }

    private static int pairedHeads(JsonNode config, String name) {
        if (!config.path("model_type").asText().equals("llama")) {
            return 0;
        }
        if (name.endsWith("q_proj.weight")) {
            return config.path("num_attention_heads").asInt();
        }
        return name.endsWith("k_proj.weight")
                ? config.path("num_key_value_heads").asInt()
                : 0;
    }

    private static String name(String name) {
        Matcher layer = LAYER.matcher(name);
        if (layer.matches()) {
            String part = switch (layer.group(2)) {
                case "input_layernorm" -> "attn_norm";
                case "post_attention_layernorm" -> "ffn_norm";
                case "self_attn.q_proj" -> "attn_q";
                case "self_attn.k_proj" -> "attn_k";
                case "self_attn.v_proj" -> "attn_v";
                case "self_attn.q_norm" -> "attn_q_norm";
                case "self_attn.k_norm" -> "attn_k_norm";
                case "self_attn.o_proj" -> "attn_output";
                case "mlp.gate_proj" -> "ffn_gate";
                case "mlp.up_proj" -> "ffn_up";
                case "mlp.down_proj" -> "ffn_down";
                default -> throw new IllegalArgumentException("not a tensor of a Llama or Qwen 3: " + name);
            };
            return "blk." + layer.group(1) + "." + part + ".weight";
        }
        return switch (name) {
            case "model.embed_tokens.weight" -> "token_embd.weight";
            case "model.norm.weight" -> "output_norm.weight";
            case "lm_head.weight" -> "output.weight";
            default -> throw new IllegalArgumentException("not a tensor of a Llama or Qwen 3: " + name);
        };
    }

    private void write(JsonNode config, List<Source> sources, FileChannel out) throws IOException {
        Buffer metadata = header;
        String architecture = config.path("model_type").asText();
        text("general.architecture", architecture);
        text("general.name", "random");
        integer("general.file_type", TYPE_F16);
        integer(
                architecture + ".context_length",
                config.path("max_position_embeddings").asInt());
        integer(architecture + ".embedding_length", config.path("hidden_size").asInt());
        integer(architecture + ".block_count", config.path("num_hidden_layers").asInt());
        integer(
                architecture + ".feed_forward_length",
                config.path("intermediate_size").asInt());
        integer(
                architecture + ".attention.head_count",
                config.path("num_attention_heads").asInt());
        integer(
                architecture + ".attention.head_count_kv",
                config.path("num_key_value_heads").asInt());
        integer(architecture + ".attention.key_length", config.path("head_dim").asInt());
        integer(
                architecture + ".attention.value_length",
                config.path("head_dim").asInt());
        integer(architecture + ".rope.dimension_count", config.path("head_dim").asInt());
        number(
                architecture + ".attention.layer_norm_rms_epsilon",
                config.path("rms_norm_eps").floatValue());
        number(architecture + ".rope.freq_base", config.path("rope_theta").floatValue());
        integer(architecture + ".vocab_size", config.path("vocab_size").asInt());
        text("tokenizer.ggml.model", "no_vocab");

        Buffer start = new Buffer();
        start.bytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        start.int32(VERSION).int64(sources.size()).int64(entries);
        start.bytes(metadata.bytes());
        long offset = 0;
        for (Source source : sources) {
            start.string(source.name);
            // Sizes stand innermost first.
            start.int32(source.vector() ? 1 : 2).int64(source.columns);
            if (!source.vector()) {
                start.int64(source.rows);
            }
            start.int32(source.vector() ? TYPE_F32 : TYPE_F16).int64(offset);
            offset = aligned(offset + source.byteSize());
        }
        long data = aligned(start.size());
        write(out, ByteBuffer.wrap(start.bytes()), 0);
        offset = 0;
        for (Source source : sources) {
            write(out, source, data + offset);
            offset = aligned(offset + source.byteSize());
        }
        if (out.size() < data + offset) {
            write(out, ByteBuffer.allocate(1), data + offset - 1);
        }
    }

    private static void write(FileChannel out, Source source, long position) throws IOException {
        if (source.vector()) {
            ByteBuffer floats = ByteBuffer.allocate((int) source.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
            for (long i = 0; i < source.columns; i++) {
                floats.putFloat(Float.float16ToFloat(source.data.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i)));
            }
            write(out, floats.flip(), position);
            return;
        }
        long row = source.columns * Short.BYTES;
        long block = source.heads == 0 ? 1 : source.rows / source.heads;
        for (long first = 0; first < source.rows; first += source.heads == 0 ? 1024 : block) {
            long count = Math.min(source.heads == 0 ? 1024 : block, source.rows - first);
            ByteBuffer rows = ByteBuffer.allocate((int) (count * row));
            for (long i = 0; i < count; i++) {
                long from = first + (source.heads == 0 ? i : i / 2 + i % 2 * (block / 2));
                rows.put(source.data.asSlice(from * row, row).asByteBuffer());
            }
            write(out, rows.flip(), position + first * row);
        }
    }

    private static void write(FileChannel out, ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            at += out.write(bytes, at);
        }
    }

    private static long aligned(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private void text(String key, String value) {
        header.string(key).int32(STRING).string(value);
        entries++;
    }

    private void integer(String key, int value) {
        header.string(key).int32(UINT32).int32(value);
        entries++;
    }

    private void number(String key, float value) {
        header.string(key).int32(FLOAT32).int32(Float.floatToRawIntBits(value));
        entries++;
    }

    /** Little-endian bytes. */
    private static final class Buffer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Buffer int32(int value) {
            out.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(value)
                    .array());
            return this;
        }

        Buffer int64(long value) {
            return int32((int) value).int32((int) (value >>> Integer.SIZE));
        }

        Buffer string(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            int64(utf8.length);
            out.writeBytes(utf8);
            return this;
        }

        Buffer bytes(byte[] bytes) {
            out.writeBytes(bytes);
            return this;
        }

        byte[] bytes() {
            return out.toByteArray();
        }

        int size() {
            return out.size();
        }
    }
}
