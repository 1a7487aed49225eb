package dev.decanter.cpu.kernels;

import java.util.Optional;
import jdk.incubator.vector.FloatVector;

/**
 * Decides once per JVM how wide the vector kernels are. Asking this class never fails: when the incubator module is
 * missing or the setting is wrong, kernels run on plain loops or on the preferred width and {@link #problem()} says so.
 */
public final class VectorSupport {
    /** System property that forces the width: {@code 512}, {@code 256}, {@code 128} or {@code scalar}. */
    public static final String PROPERTY = "decanter.cpu.vector";

    private static final String MODULE = "jdk.incubator.vector";
    private static final boolean READABLE = isReadable();

    /** Widest vector that the hardware runs well, in bits; 0 when only plain loops can be used. */
    private static final int HARDWARE_BITS = READABLE ? hardwareBits() : 0;

    private static final String SETTING = System.getProperty(PROPERTY, "").strip();

    /** Width in use, in bits; 0 means plain loops. Static and final, so that C2 folds every choice that hangs on it. */
    static final int BITS = chosenBits();

    /** Whether vector kernels run; otherwise their plain-loop twins do. */
    static final boolean ENABLED = BITS > 0;

    private VectorSupport() {}

    /** Returns the width in use in bits: 512, 256, 128, or 0 for plain loops. */
    public static int bits() {
        return BITS;
    }

    /** Returns what stands in the way of the width that was asked for or expected, with the remedy, if anything does. */
    public static Optional<String> problem() {
        if (!READABLE) {
            return Optional.of("module " + MODULE + " is not readable, kernels run on plain loops: "
                    + "start on the module path or add --add-modules " + MODULE);
        }
        int asked = asked();
        if (asked < 0) {
            return Optional.of(
                    "system property " + PROPERTY + "=" + SETTING + " is unknown: use 512, 256, 128 or scalar");
        }
        if (!SETTING.isEmpty() && asked > HARDWARE_BITS) {
            return Optional.of("system property " + PROPERTY + "=" + SETTING + " asks for more than the "
                    + HARDWARE_BITS + " bits of this processor: use a smaller width");
        }
        return Optional.empty();
    }

    /** Returns the width in words, for reports: {@code "512-bit"} or {@code "scalar"}. */
    public static String describe() {
        return ENABLED ? BITS + "-bit" : "scalar";
    }

    /** Whether this JVM has the Vector API, at any width. */
    public static boolean readable() {
        return READABLE;
    }

    private static boolean isReadable() {
        Module own = VectorSupport.class.getModule();
        return ModuleLayer.boot().findModule(MODULE).map(own::canRead).orElse(false);
    }

    private static int hardwareBits() {
        int preferred = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        return preferred >= 512 ? 512 : preferred >= 256 ? 256 : preferred >= 128 ? 128 : 0;
    }

    private static int asked() {
        return switch (SETTING) {
            case "" -> HARDWARE_BITS;
            case "512" -> 512;
            case "256" -> 256;
            case "128" -> 128;
            case "scalar" -> 0;
            default -> -1;
        };
    }

    private static int chosenBits() {
        int asked = asked();
        return asked < 0 || asked > HARDWARE_BITS ? HARDWARE_BITS : asked;
    }
}
