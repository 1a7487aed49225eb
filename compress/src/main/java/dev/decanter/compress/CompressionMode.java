package dev.decanter.compress;

import dev.decanter.ir.ElementType;
import java.util.Locale;
import java.util.Optional;

/** The form in which weights are stored. Names and defaults are NNCF's. */
public enum CompressionMode {
    /** 8-bit integers with a scale and a zero point for each row. */
    INT8_ASYM(ElementType.U8, -1, ElementType.F16),
    /** 8-bit integers with a signed scale for each row. */
    INT8_SYM(ElementType.I8, -1, ElementType.F16),
    /** 4-bit integers with a scale and a zero point for each group. */
    INT4_ASYM(ElementType.U4, 128, ElementType.F16),
    /** 4-bit integers with a signed scale for each group. */
    INT4_SYM(ElementType.I4, 128, ElementType.F16),
    /** 16 quantiles of the normal distribution, with a scale for each group. */
    NF4(ElementType.NF4, 128, ElementType.F16),
    /** 4-bit floats (e2m1) that share a power of two for each 32 elements. */
    MXFP4(ElementType.F4E2M1, 32, ElementType.F8E8M0),
    /** 8-bit floats (e4m3) that share a power of two for each 32 elements. */
    MXFP8_E4M3(ElementType.F8E4M3, 32, ElementType.F8E8M0),
    /** 8-bit floats (e4m3) with a scale for each group. */
    FP8_E4M3(ElementType.F8E4M3, 128, ElementType.F16),
    /** 4-bit floats (e2m1) with a scale for each group. */
    FP4(ElementType.F4E2M1, 128, ElementType.F16);

    private final ElementType elementType;
    private final int defaultGroupSize;
    private final ElementType scaleType;

    CompressionMode(ElementType elementType, int defaultGroupSize, ElementType scaleType) {
        this.elementType = elementType;
        this.defaultGroupSize = defaultGroupSize;
        this.scaleType = scaleType;
    }

    /** The type of the stored weights, and of zero points where there are any. */
    public ElementType elementType() {
        return elementType;
    }

    /** The type of the stored scales: f16, or f8e8m0 (powers of two) in the MX modes. */
    public ElementType scaleType() {
        return scaleType;
    }

    /** Bits of one weight, 8 or 4. */
    public int bits() {
        return elementType.bits();
    }

    /** Elements that share a scale unless said otherwise; −1 is a whole row. */
    public int defaultGroupSize() {
        return defaultGroupSize;
    }

    public boolean hasZeroPoint() {
        return this == INT8_ASYM || this == INT4_ASYM;
    }

    /** Whether levels are equidistant integers. */
    public boolean isInteger() {
        return elementType.isInteger();
    }

    /** Whether this is one of the two modes that compress every layer to 8-bit integers. */
    public boolean isInt8() {
        return this == INT8_ASYM || this == INT8_SYM;
    }

    /** The name in tables and on the command line, for example {@code int4_asym}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The mode with this {@link #label()}, whatever its case. */
    public static Optional<CompressionMode> ofLabel(String label) {
        for (CompressionMode mode : values()) {
            if (mode.name().equalsIgnoreCase(label)) {
                return Optional.of(mode);
            }
        }
        return Optional.empty();
    }
}
