package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.decanter.assembler.CpuFeature;
import dev.decanter.assembler.CpuFeatures;
import dev.decanter.assembler.MachineCodeException;
import dev.decanter.cpu.kernels.Attention;
import dev.decanter.cpu.kernels.AttentionKernels;
import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.TiledAttention;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@link AttentionKernels} in machine code of AVX-512: a task is one call that attends with several heads to a range of pages.
 * Values of a head must be a multiple of 16.
 */
public final class MachineAttention implements AttentionKernels {
    private static final int LANES = 16;
    private static final int LINE = 64;
    /** Rows of a tile. */
    private static final int ROWS = 8;

    /** Precisions of a cache. */
    static final int PRECISIONS = 3;

    private static final Optional<AttentionKernels> KERNELS = make();
    private static final Optional<TiledAttention> TILED = makeTiles();

    private final MemorySegment constants;
    private final Routine merge = Routine.of(AttentionCode.merge());
    /** By precision of keys, of values, and rows; made when first wanted. */
    private final @Nullable Routine[] routines = new Routine[PRECISIONS * PRECISIONS * ROWS];

    private MachineAttention() {
        int[] all = SoftmaxCode.constants();
        constants = Arena.ofAuto().allocate((long) all.length * Integer.BYTES, LINE);
        MemorySegment.copy(all, 0, constants, JAVA_INT, 0, all.length);
    }

    /** Returns them where products run in machine code too and the processor has AVX-512. */
    public static Optional<AttentionKernels> kernels() {
        return KERNELS;
    }

    /** Returns attention of many queries in bf16, where products run in machine code and the processor has tiles for it. */
    public static Optional<TiledAttention> tiles() {
        return TILED;
    }

    private static Optional<AttentionKernels> make() {
        return has(CpuFeature.AVX512) ? Optional.of(new MachineAttention()) : Optional.empty();
    }

    private static Optional<TiledAttention> makeTiles() {
        return KERNELS.isPresent() && has(CpuFeature.AMX_BF16) ? Optional.of(new TileAttention()) : Optional.empty();
    }

    /** A number below {@link #PRECISIONS}. */
    static int index(CachePrecision precision) {
        return switch (precision) {
            case F32 -> 0;
            case F16 -> 1;
            case U8 -> 2;
        };
    }

    static boolean has(CpuFeature feature) {
        if (MachineCode.kernels().isEmpty()) {
            return false;
        }
        try {
            return CpuFeatures.detect().contains(feature);
        } catch (MachineCodeException e) {
            System.getLogger(MachineAttention.class.getName())
                    .log(System.Logger.Level.WARNING, "attention runs without machine code: " + e.getMessage());
            return false;
        }
    }

    @Override
    public boolean attends(Attention.Call call) {
        Attention.Sizes z = call.z();
        return call.k() instanceof Paged k
                && call.v() instanceof Paged v
                && k.layout().turned()
                && !v.layout().turned()
                && z.valueSize() % LANES == 0
                && z.valueSize() > 0
                && z.headSize() > 0
                && z.keys() > 0
                && call.q().data().isNative()
                && call.out().data().isNative()
                && (call.mask().absent() || call.mask().data().isNative());
    }

    private synchronized Routine routine(CachePrecision keys, CachePrecision values, int rows) {
        int i = (index(keys) * PRECISIONS + index(values)) * ROWS + rows - 1;
        Routine routine = routines[i];
        if (routine == null) {
            routine = Routine.of(new AttentionCode(keys, values, rows).attend());
            routines[i] = routine;
        }
        return routine;
    }

    @Override
    public void attend(ThreadTeam team, Attention.Call call) {
        if (!(call.k() instanceof Paged k) || !(call.v() instanceof Paged v)) {
            throw new IllegalArgumentException("machine code attends to pages only");
        }
        AttentionPlan plan = new AttentionPlan(call, k, v, constants.address(), team.size());
        plan.attend(team, routine(k.layout().precision(), v.layout().precision(), plan.tile()), merge);
    }
}
