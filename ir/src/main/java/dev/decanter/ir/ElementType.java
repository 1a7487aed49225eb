package dev.decanter.ir;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Element types of OpenVINO tensors.
 *
 * <p>Types below eight bits are packed: {@code i4}, {@code u4}, {@code nf4} and {@code f4e2m1} keep two elements a byte,
 * the first one in the low nibble; {@code u2}, {@code u3} and {@code u6} are a linear bit stream, least significant bit
 * first; {@code u1} is most significant bit first.
 */
public enum ElementType {
    /** Not known before inference. */
    DYNAMIC("dynamic", 0, "UNSPECIFIED"),
    BOOLEAN("boolean", 8, "BOOL"),
    U1("u1", 1, "BIN"),
    U2("u2", 2, "U2"),
    U3("u3", 3, "U3"),
    U4("u4", 4, "U4"),
    U6("u6", 6, "U6"),
    U8("u8", 8, "U8"),
    U16("u16", 16, "U16"),
    U32("u32", 32, "U32"),
    U64("u64", 64, "U64"),
    I4("i4", 4, "I4"),
    I8("i8", 8, "I8"),
    I16("i16", 16, "I16"),
    I32("i32", 32, "I32"),
    I64("i64", 64, "I64"),
    F16("f16", 16, "FP16"),
    BF16("bf16", 16, "BF16"),
    F32("f32", 32, "FP32"),
    F64("f64", 64, "FP64"),
    NF4("nf4", 4, "NF4"),
    F4E2M1("f4e2m1", 4, "F4E2M1"),
    F8E4M3("f8e4m3", 8, "F8E4M3"),
    F8E5M2("f8e5m2", 8, "F8E5M2"),
    F8E8M0("f8e8m0", 8, "F8E8M0"),
    /** UTF-8 strings of any length; has no fixed width. */
    STRING("string", 0, "STRING");

    private static final Map<String, ElementType> BY_NAME =
            Stream.of(values()).collect(Collectors.toMap(ElementType::irName, t -> t));
    private static final Map<String, ElementType> BY_PRECISION =
            Stream.of(values()).collect(Collectors.toMap(ElementType::precision, t -> t));

    private final String irName;
    private final int bits;
    private final String precision;

    ElementType(String irName, int bits, String precision) {
        this.irName = irName;
        this.bits = bits;
        this.precision = precision;
    }

    /** The lower-case name used in {@code data} attributes, for example {@code f16}. */
    public String irName() {
        return irName;
    }

    /** The name used in a port's {@code precision}, for example {@code FP16}. */
    public String precision() {
        return precision;
    }

    /** Bits of one element; 0 for {@link #DYNAMIC} and {@link #STRING}. */
    public int bits() {
        return bits;
    }

    /** Bytes of {@code elements} packed elements, rounded up. Throws {@link IrException} on overflow or no fixed width. */
    public long byteSize(long elements) {
        if (bits == 0) {
            throw new IrException("element type " + irName + " has no fixed size");
        }
        if (elements < 0 || elements > (Long.MAX_VALUE - 7) / bits) {
            throw new IrException("size overflow: " + elements + " elements of type " + irName);
        }
        return (elements * bits + 7) / 8;
    }

    public boolean isFloat() {
        return switch (this) {
            case F16, BF16, F32, F64, NF4, F4E2M1, F8E4M3, F8E5M2, F8E8M0 -> true;
            default -> false;
        };
    }

    /** Whether values are integers ({@code boolean} is not one). */
    public boolean isInteger() {
        return switch (this) {
            case U1, U2, U3, U4, U6, U8, U16, U32, U64, I4, I8, I16, I32, I64 -> true;
            default -> false;
        };
    }

    /** Finds a type by its {@link #irName()}, ignoring case; throws {@link IrException} if there is none. */
    public static ElementType fromIrName(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        // files written before OpenVINO 2024 say "undefined"
        ElementType type = lower.equals("undefined") ? DYNAMIC : BY_NAME.get(lower);
        if (type == null) {
            throw new IrException("unknown element type \"" + Text.shorten(name) + "\"");
        }
        return type;
    }

    /** Finds a type by its port {@link #precision()}; throws {@link IrException} if there is none. */
    public static ElementType fromPrecision(String precision) {
        ElementType type = BY_PRECISION.get(precision.toUpperCase(Locale.ROOT));
        if (type == null) {
            throw new IrException("unknown port precision \"" + Text.shorten(precision) + "\"");
        }
        return type;
    }
}
