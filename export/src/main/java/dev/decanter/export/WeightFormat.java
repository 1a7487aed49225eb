package dev.decanter.export;

import dev.decanter.ir.ElementType;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How weight matrices are stored in the IR. Norm weights and biases are stored as f32 in every format. */
public enum WeightFormat {
    FP32(ElementType.F32),
    FP16(ElementType.F16);

    private final ElementType elementType;

    WeightFormat(ElementType elementType) {
        this.elementType = elementType;
    }

    /** The element type of stored matrices. */
    public ElementType elementType() {
        return elementType;
    }

    /** The spelling of the command line, for example {@code fp16}. */
    public String flag() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Finds a format by its {@link #flag()}; throws {@link ExportException} listing the formats if there is none. */
    public static WeightFormat fromFlag(String flag) {
        return Arrays.stream(values())
                .filter(format -> format.flag().equals(flag))
                .findFirst()
                .orElseThrow(() -> new ExportException("unknown weight format \"" + flag + "\"; use one of "
                        + Arrays.stream(values()).map(WeightFormat::flag).collect(Collectors.joining(", "))));
    }

    @Override
    public String toString() {
        return flag();
    }
}
