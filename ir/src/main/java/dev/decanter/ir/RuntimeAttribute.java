package dev.decanter.ir;

import java.util.Map;

/**
 * An entry of a node's or port's {@code rt_info}: {@code <attribute name="decompression" version="0"/>}.
 *
 * @param name for example {@code decompression}
 * @param version the attribute's version, usually {@code 0}
 * @param values its other XML attributes, in file order
 */
public record RuntimeAttribute(String name, String version, Map<String, String> values) {
    public RuntimeAttribute {
        values = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(values));
    }

    /** Marks a Convert that widens stored weights; writers and compressors look for it. */
    public static final RuntimeAttribute DECOMPRESSION = new RuntimeAttribute("decompression", "0", Map.of());
}
