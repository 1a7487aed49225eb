package dev.decanter.cpu.machine;

import dev.decanter.assembler.CpuFeature;
import dev.decanter.assembler.CpuFeatures;
import dev.decanter.assembler.MachineCodeException;
import dev.decanter.cpu.kernels.PackedWeights;
import dev.decanter.cpu.kernels.StripKernels;
import dev.decanter.cpu.kernels.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Optional;

/** {@link StripKernels} in machine code of AVX-512. */
public final class MachineStrips implements StripKernels {
    private static final Optional<StripKernels> KERNELS = make();

    /** Bytes of weights of a call, far less than a millisecond's: a garbage collection waits for calls. */
    private static final long CALL_BYTES = 2 << 20;

    private final Routine routine = Routine.of(StripCode.emit());
    private final Routine rowOfFloats = Routine.of(StreamCode.of(WeightFormat.F32));
    private final Routine rowOfHalfs = Routine.of(StreamCode.of(WeightFormat.F16));
    private final Routine rowOfBrains = Routine.of(StreamCode.of(WeightFormat.BF16));

    private MachineStrips() {}

    /** Returns them where products of integers run in machine code too and the processor has AVX-512. */
    public static Optional<StripKernels> kernels() {
        return KERNELS;
    }

    private static Optional<StripKernels> make() {
        if (MachineCode.kernels().isEmpty()) {
            return Optional.empty();
        }
        try {
            return CpuFeatures.detect().contains(CpuFeature.AVX512)
                    ? Optional.of(new MachineStrips())
                    : Optional.empty();
        } catch (MachineCodeException e) {
            System.getLogger(MachineStrips.class.getName())
                    .log(System.Logger.Level.WARNING, "f32 products run without machine code: " + e.getMessage());
            return Optional.empty();
        }
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new IllegalArgumentException("a strip of f32 weights has " + what);
        }
    }

    private static boolean lies(MemorySegment memory, long at, long bytes) {
        return memory.isNative() && at >= 0 && bytes <= memory.byteSize() - at;
    }

    @Override
    public void multiply(Strip s, MemorySegment weights, long next, long bytes) {
        require(s.n() > 0 && s.n() % 2 == 0 && s.tiles() > 0 && s.xTile() >= 0, "odd or no inputs, or no rows");
        long each = (long) s.n() * ROWS * Float.BYTES;
        require(lies(s.x(), s.xAt(), (s.tiles() - 1) * s.xTile() + each), "rows beyond their memory");
        require(lies(s.strip(), s.stripAt(), (long) s.n() * PANEL * Float.BYTES), "weights beyond their memory");
        long sums = (long) s.tiles() * ROWS * PANEL * Float.BYTES;
        require(lies(s.sums(), s.sumsAt(), sums), "sums beyond their memory");
        Frame frame = Frame.current();
        int pairs = s.n() / 2;
        frame.set(StripCode.X, s.x().address() + s.xAt());
        frame.set(StripCode.X_TILE, s.xTile());
        frame.set(StripCode.STRIP, s.strip().address() + s.stripAt());
        frame.set(StripCode.PAIRS, pairs);
        frame.set(StripCode.TILES, s.tiles());
        frame.set(StripCode.SUMS, s.sums().address() + s.sumsAt());
        // asking for memory never fails
        frame.set(StripCode.NEXT, weights.address() + next);
        frame.set(StripCode.NEXT_STEP, bytes / ((long) pairs * s.tiles()));
        try {
            routine.call(frame.block());
        } finally {
            // addresses keep no memory alive
            Reference.reachabilityFence(s);
        }
    }

    @Override
    public boolean reads(PackedWeights w) {
        return switch (w.format()) {
            case F32 -> !w.paired();
            case F16, BF16 -> w.paired();
            default -> false;
        };
    }

    @Override
    public void multiplyRow(PackedWeights w, int panel, int panels, MemorySegment x, MemorySegment y) {
        require(reads(w), "a format that is not read");
        require(panel >= 0 && panels > 0 && panel + panels <= w.panels(), "panels beyond the weight");
        require(w.data().isNative() && w.data().byteSize() >= w.panels() * w.panelBytes(), "too few elements");
        require(lies(x, 0, (long) w.paddedInputs() * Float.BYTES), "inputs beyond their memory");
        require(lies(y, 0, (long) panels * PANEL * Float.BYTES), "sums beyond their memory");
        Routine row = switch (w.format()) {
            case F32 -> rowOfFloats;
            case F16 -> rowOfHalfs;
            default -> rowOfBrains;
        };
        Frame frame = Frame.current();
        frame.set(StreamCode.X, x.address());
        frame.set(StreamCode.INPUTS, w.paddedInputs());
        int step = (int) Math.max(1, CALL_BYTES / w.panelBytes());
        try {
            for (int p = 0; p < panels; p += step) {
                frame.set(StreamCode.CODES, w.data().address() + (panel + p) * w.panelBytes());
                frame.set(StreamCode.Y, y.address() + (long) p * PANEL * Float.BYTES);
                frame.set(StreamCode.PANELS, Math.min(step, panels - p));
                row.call(frame.block());
            }
        } finally {
            Reference.reachabilityFence(w);
            Reference.reachabilityFence(x);
            Reference.reachabilityFence(y);
        }
    }
}
