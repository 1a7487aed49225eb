package dev.decanter.cpu.machine;

import dev.decanter.assembler.CpuFeature;
import dev.decanter.assembler.CpuFeatures;
import dev.decanter.assembler.MachineCodeException;
import dev.decanter.cpu.kernels.StripKernels;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Optional;

/** {@link StripKernels} in machine code of AVX-512. */
public final class MachineStrips implements StripKernels {
    private static final Optional<StripKernels> KERNELS = make();

    private final Routine routine = Routine.of(StripCode.emit());

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
}
