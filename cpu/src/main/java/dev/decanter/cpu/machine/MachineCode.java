package dev.decanter.cpu.machine;

import dev.decanter.assembler.CodeMemory;
import dev.decanter.assembler.CpuFeature;
import dev.decanter.assembler.CpuFeatures;
import dev.decanter.assembler.MachineCodeException;
import dev.decanter.cpu.kernels.BlockKernels;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Decides once per JVM whether products run in machine code, and in which. Asking this class never fails: where machine code
 * cannot be used, {@link #kernels} is empty and {@link #describe} says why.
 */
public final class MachineCode {
    /**
     * System property that chooses the machine code: {@code auto}, {@code off}, or, by force, {@code amx}, {@code
     * avx512vnni} or {@code avxvnni}.
     */
    public static final String PROPERTY = "decanter.cpu.machine";

    private static final String AUTO = "auto";
    private static final String OFF = "off";

    /** What there is, the best first. */
    enum Kind {
        AMX,
        AVX512VNNI,
        AVXVNNI;

        String setting() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** All settings in words. */
        static String settings() {
            String all =
                    String.join(", ", Arrays.stream(values()).map(Kind::setting).toList());
            return all.substring(0, all.lastIndexOf(", ")) + " or " + all.substring(all.lastIndexOf(", ") + 2);
        }

        boolean runsOn(Set<CpuFeature> features) {
            return switch (this) {
                case AMX -> features.contains(CpuFeature.AMX_INT8) && features.contains(CpuFeature.AVX512_VNNI);
                case AVX512VNNI -> features.contains(CpuFeature.AVX512_VNNI);
                case AVXVNNI -> features.contains(CpuFeature.AVX_VNNI);
            };
        }

        BlockKernels kernels() {
            return switch (this) {
                case AMX -> new TileKernels();
                case AVX512VNNI -> new DotKernels(64);
                case AVXVNNI -> new DotKernels(32);
            };
        }
    }

    /**
     * What was decided.
     *
     * @param why why there are no kernels; empty if there are
     * @param remediable whether the user could change that
     */
    private record Choice(Optional<BlockKernels> kernels, String why, boolean remediable) {
        static Choice none(String why, boolean remediable) {
            return new Choice(Optional.empty(), why, remediable);
        }

        String describe() {
            return kernels.map(BlockKernels::describe).orElse("none: " + why);
        }
    }

    private static final String SETTING =
            System.getProperty(PROPERTY, AUTO).strip().toLowerCase(Locale.ROOT);
    private static final Choice CHOICE = choose(SETTING);

    static {
        if (CHOICE.remediable && SETTING.equals(AUTO)) {
            System.getLogger(MachineCode.class.getName())
                    .log(System.Logger.Level.WARNING, "products run without machine code: " + CHOICE.why);
        }
    }

    private MachineCode() {}

    /** Returns the products in machine code, if it can be used and is wanted. */
    public static Optional<BlockKernels> kernels() {
        return CHOICE.kernels;
    }

    /** Returns in words what is used, or why nothing is. */
    public static String describe() {
        return CHOICE.describe();
    }

    /** What would be used with a setting. */
    static String describe(String setting) {
        return choose(setting).describe();
    }

    /** Returns what stands in the way of what {@link #PROPERTY} asks for by force, if anything does. */
    public static Optional<String> problem() {
        boolean forced = !SETTING.equals(AUTO) && !SETTING.equals(OFF);
        return forced && CHOICE.kernels.isEmpty()
                ? Optional.of("system property " + PROPERTY + "=" + SETTING + ": " + CHOICE.why)
                : Optional.empty();
    }

    private static Choice choose(String setting) {
        if (setting.equals(OFF)) {
            return Choice.none("switched off by " + PROPERTY, false);
        }
        Optional<Kind> forced = Optional.empty();
        if (!setting.equals(AUTO)) {
            for (Kind kind : Kind.values()) {
                if (kind.setting().equals(setting)) {
                    forced = Optional.of(kind);
                }
            }
            if (forced.isEmpty()) {
                return Choice.none("unknown; use auto, off, " + Kind.settings(), false);
            }
        }
        Module module = CodeMemory.class.getModule();
        if (!module.isNativeAccessEnabled()) {
            String name = module.isNamed() ? module.getName() : "ALL-UNNAMED";
            return Choice.none("native access is not enabled: start with --enable-native-access=" + name, true);
        }
        return forced.map(MachineCode::forced).orElseGet(MachineCode::best);
    }

    private static Choice forced(Kind kind) {
        Set<CpuFeature> features;
        try {
            features = CpuFeatures.detect();
        } catch (MachineCodeException e) {
            return Choice.none(reason(e), false);
        }
        return kind.runsOn(features) ? checked(kind) : Choice.none("this processor or system lacks it", false);
    }

    private static Choice best() {
        if (!System.getProperty("os.name", "").equals("Linux")) {
            return Choice.none("it is made for Linux on x86-64", false);
        }
        Set<CpuFeature> features;
        try {
            features = CpuFeatures.detect();
        } catch (MachineCodeException e) {
            return Choice.none(reason(e), System.getProperty("os.arch", "").equals("amd64"));
        }
        for (Kind kind : Kind.values()) {
            if (kind.runsOn(features)) {
                return checked(kind);
            }
        }
        return Choice.none("this processor multiplies bytes in vectors no faster", false);
    }

    private static String reason(MachineCodeException e) {
        return Objects.requireNonNullElse(e.getMessage(), "unknown");
    }

    /** Code is trusted after it gave the right numbers once. */
    private static Choice checked(Kind kind) {
        try {
            BlockKernels kernels = kind.kernels();
            return SelfCheck.passes(kernels)
                    ? new Choice(Optional.of(kernels), "", false)
                    : Choice.none("a check of " + kernels.describe() + " gave wrong numbers", true);
        } catch (MachineCodeException e) {
            return Choice.none(reason(e), true);
        }
    }
}
