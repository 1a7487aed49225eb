package dev.decanter.export.checkpoint;

import dev.decanter.ir.RtInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * How the matrices of a quantized checkpoint are packed: the {@code quantization_config} in {@code config.json}, or the file
 * that older tools wrote instead ({@code quantize_config.json} of AutoGPTQ, {@code quant_config.json} of AutoAWQ). Which matrices
 * are packed is told by the tensors; the lists of modules that are not need no look.
 *
 * @param method how codes are packed
 * @param layout the format's own name of the layout: {@code gptq}, {@code gptq_v2} or {@code gemm}
 * @param bits of a code: 4 or 8
 * @param groupSize inputs that share a scale; −1 for all of a row
 * @param actOrder whether inputs may be assigned to groups in any order, by {@code g_idx} ({@code desc_act})
 * @param borrows whether zero points minus one were made by subtracting from whole 32-bit words, so that 0 borrowed from its
 *     neighbour, as GPTQModel does
 */
public record QuantizationConfig(
        Method method, String layout, int bits, int groupSize, boolean actOrder, boolean borrows) {
    private static final String KEY = "quantization_config";
    private static final Set<String> GPTQ_LAYOUTS = Set.of("gptq", "gptq_v2");

    /** Tools whose checkpoints can be carried over. */
    public enum Method {
        /**
         * AutoGPTQ, GPTQModel: 32-bit words of codes of consecutive inputs, w = s·(q − z), where the layout {@code gptq} stores z
         * minus one and {@code gptq_v2} z itself.
         */
        GPTQ,
        /** AutoAWQ, layout {@code gemm}: 32-bit words of codes of eight outputs, in the order 0, 2, 4, 6, 1, 3, 5, 7. */
        AWQ;

        /** The {@code quant_method}. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * How a checkpoint is quantized; empty if it is not. The older tools' files are looked at only where tensors are packed.
     *
     * @param folder the checkpoint
     * @param config its {@code config.json}
     * @param weights its tensors
     * @throws dev.decanter.export.ExportException naming the method, layout or setting that is not supported
     */
    public static Optional<QuantizationConfig> find(Path folder, ModelConfig config, Checkpoint weights) {
        Optional<ModelConfig> inside = config.object(KEY);
        if (inside.isPresent()) {
            return Optional.of(
                    read(inside.get(), inside.get().text("quant_method").orElse("unknown")));
        }
        if (!weights.isPacked()) {
            return Optional.empty();
        }
        for (Method method : Method.values()) {
            Path file = folder.resolve(method == Method.GPTQ ? "quantize_config.json" : "quant_config.json");
            if (Files.isRegularFile(file)) {
                return Optional.of(read(ModelConfig.of(file), method.label()));
            }
        }
        throw config.fault("\"" + KEY + "\" is missing, though there are packed weights (" + PackedMatrix.CODES
                + "); download config.json again");
    }

    private static QuantizationConfig read(ModelConfig c, String method) {
        return switch (method) {
            case "gptq" -> gptq(c);
            case "awq" -> awq(c);
            default ->
                throw c.fault("the checkpoint is quantized already (quant_method \"" + method + "\"), which is not "
                        + "supported; take the checkpoint with f32, f16 or bf16 weights, or one of GPTQ or AWQ");
        };
    }

    private static QuantizationConfig gptq(ModelConfig c) {
        String layout = c.text("checkpoint_format").or(() -> c.text("format")).orElse("gptq");
        if (!GPTQ_LAYOUTS.contains(layout) || c.flag("is_marlin_format", false)) {
            throw c.fault("GPTQ weights in the layout \"" + (GPTQ_LAYOUTS.contains(layout) ? "marlin" : layout)
                    + "\" are not supported; take a checkpoint with checkpoint_format gptq or gptq_v2");
        }
        String word = c.text("pack_dtype").orElse("int32");
        if (!word.equals("int32")) {
            throw c.fault("pack_dtype \"" + word + "\" is not supported; take a checkpoint packed as int32");
        }
        for (String key : new String[] {"dynamic", "adapter"}) {
            if (c.object(key).filter(rules -> !rules.isEmpty()).isPresent()) {
                throw c.fault(
                        "\"" + key + "\" has rules for single modules, which are not supported; take a checkpoint "
                                + "that is quantized uniformly");
            }
        }
        int bits = c.size("bits");
        if (bits != 4 && bits != 8) {
            throw c.fault("GPTQ weights of " + bits + " bits are not supported; take a checkpoint of 4 or 8 bits");
        }
        boolean borrows = c.object("meta")
                .filter(meta -> meta.subset("quantizer").contains("gptqmodel"))
                .isPresent();
        return new QuantizationConfig(
                Method.GPTQ, layout, bits, groupSize(c, "group_size"), c.flag("desc_act", false), borrows);
    }

    private static QuantizationConfig awq(ModelConfig c) {
        String layout = c.text("version").orElse("gemm").toLowerCase(Locale.ROOT);
        if (!layout.equals("gemm")) {
            throw c.fault("AWQ weights in the layout \"" + layout
                    + "\" are not supported; take a checkpoint with version gemm");
        }
        int bits = c.size(c.has("bits") ? "bits" : "w_bit");
        if (bits != 4) {
            throw c.fault("AWQ weights of " + bits + " bits are not supported; take a checkpoint of 4 bits");
        }
        int groupSize = groupSize(c, c.has("group_size") ? "group_size" : "q_group_size");
        return new QuantizationConfig(Method.AWQ, layout, bits, groupSize, false, false);
    }

    private static int groupSize(ModelConfig c, String key) {
        return c.number(key).filter(size -> size == -1).isPresent() ? -1 : c.size(key);
    }

    /** {@code info} with a section {@code quantized_checkpoint} on what was carried over. */
    public RtInfo.Section describe(RtInfo.Section info, int matrices) {
        String section = "quantized_checkpoint";
        RtInfo.Section with = info.with(method.label(), section, "quant_method")
                .with(layout, section, "layout")
                .with(Integer.toString(bits), section, "bits")
                .with(Integer.toString(groupSize), section, "group_size");
        if (method == Method.GPTQ) {
            with = with.with(Boolean.toString(actOrder), section, "desc_act");
        }
        return with.with(Integer.toString(matrices), section, "matrices");
    }

    /** Whether the stored zero points are one less than those that are meant. */
    boolean zeroPointsMinusOne() {
        return method == Method.GPTQ && layout.equals("gptq");
    }

    /** Codes in a 32-bit word. */
    int codesPerWord() {
        return Integer.SIZE / bits;
    }

    /** For messages, for example {@code gptq, 4 bits, group size 128}. */
    @Override
    public String toString() {
        return method.label() + ", " + bits + " bits, " + (groupSize == -1 ? "per channel" : "group size " + groupSize)
                + (actOrder ? ", desc_act" : "");
    }
}
