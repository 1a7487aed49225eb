package dev.decanter.cpu.machine;

import dev.decanter.assembler.CpuFeatures;
import dev.decanter.cpu.kernels.VectorSupport;
import java.util.Arrays;
import net.jqwik.api.lifecycle.LifecycleContext;
import net.jqwik.api.lifecycle.SkipExecutionHook;

/** Skips properties where what they hold cannot run: an assumption that no try meets would be a failure. */
final class Needs {
    private Needs() {}

    private static SkipExecutionHook.SkipResult unless(boolean runs, String what) {
        return runs
                ? SkipExecutionHook.SkipResult.doNotSkip()
                : SkipExecutionHook.SkipResult.skip("this machine or setting has no " + what);
    }

    /** Pages that nobody may touch. */
    static final class Guards implements SkipExecutionHook {
        @Override
        public SkipResult shouldBeSkipped(LifecycleContext context) {
            return unless(GuardedMemory.AVAILABLE, "mmap as on Linux");
        }
    }

    /** Products of bytes in machine code of some kind. */
    static final class Products implements SkipExecutionHook {
        @Override
        public SkipResult shouldBeSkipped(LifecycleContext context) {
            boolean any = GuardedMemory.AVAILABLE
                    && Arrays.stream(MachineCode.Kind.values()).anyMatch(kind -> kind.runsOn(CpuFeatures.detect()));
            return unless(any, "dot products of bytes");
        }
    }

    /** Products of f32 in machine code. */
    static final class Strips implements SkipExecutionHook {
        @Override
        public SkipResult shouldBeSkipped(LifecycleContext context) {
            return unless(MachineStrips.kernels().isPresent(), "machine code for f32");
        }
    }

    /** Them, and the vector kernels: plain loops round products, too. */
    static final class StripsAndVectors implements SkipExecutionHook {
        @Override
        public SkipResult shouldBeSkipped(LifecycleContext context) {
            boolean both = MachineStrips.kernels().isPresent() && VectorSupport.bits() > 0;
            return unless(both, "machine code for f32 or no vectors");
        }
    }

    /** Loops over rows in machine code, guarded memory, and the vector kernels, which give the same bits. */
    static final class RowsAndVectors implements SkipExecutionHook {
        @Override
        public SkipResult shouldBeSkipped(LifecycleContext context) {
            boolean all = GuardedMemory.AVAILABLE && MachineRows.kernels().isPresent() && VectorSupport.bits() > 0;
            return unless(all, "machine code for rows or no vectors");
        }
    }

    /** Attention of few queries in machine code. */
    static final class FewQueries implements SkipExecutionHook {
        @Override
        public SkipResult shouldBeSkipped(LifecycleContext context) {
            return unless(MachineAttention.kernels().isPresent(), "machine code for attention");
        }
    }

    /** Attention of many queries by tiles. */
    static final class ManyQueries implements SkipExecutionHook {
        @Override
        public SkipResult shouldBeSkipped(LifecycleContext context) {
            return unless(MachineAttention.tiles().isPresent(), "tiles for attention");
        }
    }

    /** Rotation and caches in machine code. */
    static final class Heads implements SkipExecutionHook {
        @Override
        public SkipResult shouldBeSkipped(LifecycleContext context) {
            return unless(MachineHeads.kernels().isPresent(), "machine code for heads");
        }
    }
}
