package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferenceException;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Map;

/**
 * What compile properties ask of the passes and the plan.
 *
 * @param group inputs of a row of activations that are quantized together where the weight has one scale a row; 0 for
 *     products with f32 activations
 * @param accuracy whether results count more than speed: nothing is computed with fewer bits than the model has
 * @param cache how requests keep keys and values
 */
public record CompileOptions(int group, boolean accuracy, CachePrecision cache) {
    /** As OpenVINO's: inputs of a group of quantized activations, 0 for f32 activations. */
    public static final String GROUP_SIZE = "DYNAMIC_QUANTIZATION_GROUP_SIZE";

    /** As OpenVINO's: precision of the KV cache. */
    public static final String CACHE = "KV_CACHE_PRECISION";

    /** As OpenVINO's: {@code PERFORMANCE} or {@code ACCURACY}; left open, exact where activations or all weights are to be f32. */
    public static final String MODE = Core.EXECUTION_MODE_HINT;

    /** For a property that follows from the mode and from what the model itself asks for. */
    public static final String AUTO = "AUTO";

    public static final String PERFORMANCE = "PERFORMANCE";

    private static final String ACCURACY = "ACCURACY";
    private static final int DEFAULT_GROUP = 128;

    private static final CachePrecision DEFAULT_CACHE = CachePrecision.F16;

    /** Smaller constants are no weights that tell how exact a model is meant to be. */
    private static final int MATRIX_ELEMENTS = 1024;

    private static final String OPTIONS = "runtime_options";

    /** No more inputs than this are quantized together; a greater group is as good as this one. */
    private static final int MAX_GROUP = 512;

    /** Products with f32 activations: what the model says, as exactly as f32 has it. */
    public static final CompileOptions EXACT = new CompileOptions(0, true, CachePrecision.F32);

    /** With the cache that the mode has if nothing is asked. */
    CompileOptions(int group, boolean accuracy) {
        this(group, accuracy, accuracy ? CachePrecision.F32 : DEFAULT_CACHE);
    }

    /**
     * Reads properties. What they leave open, the model's {@code runtime_options} say; then the mode.
     *
     * @param properties all of the device's, with defaults
     * @throws InferenceException for a value that a property cannot have
     */
    public static CompileOptions of(Map<String, String> properties, Model model) {
        boolean accuracy = accuracy(properties, model);
        return new CompileOptions(group(properties, model, accuracy), accuracy, cache(properties, model, accuracy));
    }

    private static int group(Map<String, String> properties, Model model, boolean accuracy) {
        String asked = properties.getOrDefault(GROUP_SIZE, AUTO).strip();
        if (!asked.equalsIgnoreCase(AUTO)) {
            return group(asked, GROUP_SIZE);
        }
        if (accuracy) {
            return 0;
        }
        return model.rtInfo()
                .text(OPTIONS, GROUP_SIZE)
                .map(text -> group(text, "the model's " + OPTIONS + "/" + GROUP_SIZE))
                .orElse(DEFAULT_GROUP);
    }

    private static CachePrecision cache(Map<String, String> properties, Model model, boolean accuracy) {
        String asked = properties.getOrDefault(CACHE, AUTO).strip();
        if (!asked.equalsIgnoreCase(AUTO)) {
            return cache(asked, CACHE);
        }
        if (accuracy) {
            return CachePrecision.F32;
        }
        return model.rtInfo()
                .text(OPTIONS, CACHE)
                .map(text -> cache(text, "the model's " + OPTIONS + "/" + CACHE))
                .orElse(DEFAULT_CACHE);
    }

    private static CachePrecision cache(String text, String where) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "f32" -> CachePrecision.F32;
            case "f16" -> CachePrecision.F16;
            case "u8" -> CachePrecision.U8;
            default ->
                throw new InferenceException(where + " must be f32, f16 or u8, not \"" + text + "\"; the property "
                        + CACHE + " goes before what a model says");
        };
    }

    /** Left open, the mode is exact where somebody chose f32: for the activations, or for the weights. */
    private static boolean accuracy(Map<String, String> properties, Model model) {
        String text = properties.getOrDefault(MODE, AUTO);
        return switch (text.strip().toUpperCase(Locale.ROOT)) {
            case AUTO -> properties.getOrDefault(GROUP_SIZE, AUTO).strip().equals("0") || isInF32(model);
            case PERFORMANCE -> false;
            case ACCURACY -> true;
            default ->
                throw new InferenceException(
                        MODE + " must be " + PERFORMANCE + ", " + ACCURACY + " or " + AUTO + ", not \"" + text + "\"");
        };
    }

    /** Whether there are matrices, and all of them in f32. */
    private static boolean isInF32(Model model) {
        boolean found = false;
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof Op.Constant c
                    && c.shape().rank() > 1
                    && c.shape().elements() >= MATRIX_ELEMENTS
                    && (c.elementType().isFloat() || c.elementType().bits() <= Byte.SIZE)) {
                if (c.elementType() != ElementType.F32) {
                    return false;
                }
                found = true;
            }
        }
        return found;
    }

    /** OpenVINO's greatest number, 2^64 − 1, means a whole row. */
    private static int group(String text, String where) {
        BigInteger value;
        try {
            value = new BigInteger(text.strip());
        } catch (NumberFormatException e) {
            throw new InferenceException(where + " is neither a number nor " + AUTO + ": \"" + text + "\"", e);
        }
        if (value.signum() < 0 || value.bitLength() > Long.SIZE) {
            throw new InferenceException(
                    where + " must be 0 (f32 activations), a number of inputs or " + AUTO + ", not " + text);
        }
        return value.min(BigInteger.valueOf(MAX_GROUP)).intValue();
    }
}
