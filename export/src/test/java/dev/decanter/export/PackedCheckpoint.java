package dev.decanter.export;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.safetensors.CheckpointTensor;
import dev.decanter.safetensors.Safetensors;
import dev.decanter.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;

/**
 * Packs the matrices of a golden model as AutoGPTQ, GPTQModel or AutoAWQ do, straight from the description of the formats, and
 * keeps what they decompress to.
 */
final class PackedCheckpoint {
    private static final int[] AWQ_ORDER = {0, 2, 4, 6, 1, 3, 5, 7};

    /**
     * What to pack and how.
     *
     * @param layout gptq, gptq_v2 or gemm (which is AWQ)
     * @param scales the dtype of scales
     * @param lmHead whether the LM head is packed too
     */
    record Variant(
            String layout, int bits, int groupSize, boolean sym, boolean descAct, String scales, boolean lmHead) {
        static Variant of(String layout, int bits, int groupSize, boolean sym) {
            return new Variant(layout, bits, groupSize, sym, false, "F16", false);
        }

        Variant withDescAct() {
            return new Variant(layout, bits, groupSize, sym, true, scales, lmHead);
        }

        Variant withScales(String dtype) {
            return new Variant(layout, bits, groupSize, sym, descAct, dtype, lmHead);
        }

        Variant withLmHead() {
            return new Variant(layout, bits, groupSize, sym, descAct, scales, true);
        }

        boolean awq() {
            return layout.equals("gemm");
        }
    }

    private final Variant variant;

    /** The tensors, to be changed by tests of damage. */
    final SafetensorsWriter packed = new SafetensorsWriter();

    private final SafetensorsWriter plain = new SafetensorsWriter();

    /** What the packed matrices decompress to, [outputs, inputs], by module. */
    final Map<String, float[][]> weights = new TreeMap<>();

    final ObjectNode config;
    final ObjectNode quantization;

    PackedCheckpoint(Variant variant) {
        this.variant = variant;
        Path golden = TestData.checkpoint("llama-gqa");
        config = (ObjectNode) TestData.json(golden.resolve("config.json"));
        quantization = JsonMapper.builder().build().createObjectNode();
        quantization.put("quant_method", variant.awq() ? "awq" : "gptq");
        quantization.put(variant.awq() ? "version" : "checkpoint_format", variant.layout);
        quantization.put("bits", variant.bits).put("group_size", variant.groupSize);
        if (!variant.awq()) {
            quantization.put("desc_act", variant.descAct).put("sym", variant.sym);
        }
        try (Safetensors file = Safetensors.open(golden.resolve("model.safetensors"))) {
            file.tensors().values().forEach(this::add);
        }
    }

    private void add(CheckpointTensor tensor) {
        byte[] data = tensor.data().toArray(ValueLayout.JAVA_BYTE);
        boolean matrix = tensor.name().endsWith("_proj.weight");
        if (matrix || (variant.lmHead && tensor.name().equals("lm_head.weight"))) {
            pack(tensor, ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN));
        } else {
            long[] shape = new long[tensor.shape().rank()];
            for (int i = 0; i < shape.length; i++) {
                shape[i] = tensor.shape().dim(i);
            }
            packed.add(tensor.name(), "F16", data, shape);
            plain.add(tensor.name(), "F16", data, shape);
        }
    }

    private void pack(CheckpointTensor tensor, ByteBuffer data) {
        String module = tensor.name().substring(0, tensor.name().length() - ".weight".length());
        int out = (int) tensor.shape().dim(0);
        int in = (int) tensor.shape().dim(1);
        int groupSize = variant.groupSize == -1 ? in : variant.groupSize;
        int groups = (in + groupSize - 1) / groupSize;
        int[] groupOf = groupOf(module, in, groupSize);
        int most = (1 << variant.bits) - 1;
        float[][] w = new float[out][in];
        float[][] scales = new float[groups][out];
        int[][] zeros = new int[groups][out];
        int[][] codes = new int[in][out];
        float[][] decompressed = new float[out][in];
        for (int o = 0; o < out; o++) {
            float[] low = new float[groups];
            float[] high = new float[groups];
            for (int i = 0; i < in; i++) {
                w[o][i] = Float.float16ToFloat(data.getShort());
                low[groupOf[i]] = Math.min(low[groupOf[i]], w[o][i]);
                high[groupOf[i]] = Math.max(high[groupOf[i]], w[o][i]);
            }
            for (int g = 0; g < groups; g++) {
                float span = variant.sym ? 2 * Math.max(-low[g], high[g]) : high[g] - low[g];
                scales[g][o] = stored(span / most);
                zeros[g][o] =
                        variant.sym ? (most + 1) / 2 : Math.max(1, Math.min(most, Math.round(-low[g] / scales[g][o])));
            }
            for (int i = 0; i < in; i++) {
                float scale = scales[groupOf[i]][o];
                int zero = zeros[groupOf[i]][o];
                codes[i][o] = Math.max(0, Math.min(most, Math.round(w[o][i] / scale) + zero));
                decompressed[o][i] = scale * (codes[i][o] - zero);
            }
        }
        weights.put(module, decompressed);
        plain.f32(module + ".weight", flat(decompressed), out, in);
        write(module, groupOf, codes, zeros, scales);
    }

    /** Groups as GPTQ forms them in the order of the inputs' activations; q, k and v see the same. */
    private int[] groupOf(String module, int in, int groupSize) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < in; i++) {
            order.add(i);
        }
        if (variant.descAct) {
            String source = module.replaceAll("[qkv]_proj", "qkv").replaceAll("(gate|up)_proj", "both");
            Collections.shuffle(order, new Random(source.hashCode()));
        }
        int[] groupOf = new int[in];
        for (int place = 0; place < in; place++) {
            groupOf[order.get(place)] = place / groupSize;
        }
        return groupOf;
    }

    private void write(String module, int[] groupOf, int[][] codes, int[][] zeros, float[][] scales) {
        int in = codes.length;
        int out = codes[0].length;
        int groups = zeros.length;
        int perWord = 32 / variant.bits;
        int[][] zeroWords = new int[groups][out / perWord];
        for (int g = 0; g < groups; g++) {
            for (int o = 0; o < out; o++) {
                int column = variant.awq() ? o / 8 * 8 + AWQ_ORDER[o % 8] : o;
                int zero = zeros[g][column] - (variant.layout.equals("gptq") ? 1 : 0);
                zeroWords[g][o / perWord] |= zero << (o % perWord * variant.bits);
            }
        }
        if (variant.awq()) {
            int[][] words = new int[in][out / 8];
            for (int i = 0; i < in; i++) {
                for (int o = 0; o < out; o++) {
                    words[i][o / 8] |= codes[i][o / 8 * 8 + AWQ_ORDER[o % 8]] << (o % 8 * 4);
                }
            }
            words(module + ".qweight", words);
        } else {
            int[][] words = new int[in / perWord][out];
            for (int i = 0; i < in; i++) {
                for (int o = 0; o < out; o++) {
                    words[i / perWord][o] |= codes[i][o] << (i % perWord * variant.bits);
                }
            }
            words(module + ".qweight", words);
            packed.add(module + ".g_idx", "I32", bytes(new int[][] {groupOf}), in);
            packed.f16(module + ".bias", new float[out], out);
        }
        words(module + ".qzeros", zeroWords);
        switch (variant.scales) {
            case "F32" -> packed.f32(module + ".scales", flat(scales), groups, out);
            case "BF16" -> packed.bf16(module + ".scales", flat(scales), groups, out);
            default -> packed.f16(module + ".scales", flat(scales), groups, out);
        }
    }

    private float stored(float scale) {
        return switch (variant.scales) {
            case "F32" -> scale;
            case "BF16" -> Float.intBitsToFloat(Float.floatToIntBits(scale) & 0xFFFF0000);
            default -> Float.float16ToFloat(Float.floatToFloat16(scale));
        };
    }

    void words(String name, int[][] words) {
        packed.add(name, "I32", bytes(words), words.length, words[0].length);
    }

    static byte[] bytes(int[][] words) {
        ByteBuffer bytes =
                ByteBuffer.allocate(4 * words.length * words[0].length).order(ByteOrder.LITTLE_ENDIAN);
        for (int[] row : words) {
            for (int word : row) {
                bytes.putInt(word);
            }
        }
        return bytes.array();
    }

    private static float[] flat(float[][] rows) {
        float[] out = new float[rows.length * rows[0].length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, out, i * rows[0].length, rows[0].length);
        }
        return out;
    }

    float[] weight(String module) {
        return flat(Objects.requireNonNull(weights.get(module)));
    }

    /** Writes the packed checkpoint. */
    Path write(Path folder) {
        config.set("quantization_config", quantization);
        packed.write(folder.resolve("model.safetensors"));
        return writeConfig(folder);
    }

    /** Writes a checkpoint with the decompressed matrices in f32. */
    Path writePlain(Path folder) {
        config.remove("quantization_config");
        plain.write(folder.resolve("model.safetensors"));
        return writeConfig(folder);
    }

    private Path writeConfig(Path folder) {
        try {
            Files.writeString(folder.resolve("config.json"), config.toPrettyString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }
}
