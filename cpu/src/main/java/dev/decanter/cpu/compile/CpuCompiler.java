package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.Model;
import dev.decanter.ir.rewrite.PassSequence;
import dev.decanter.ir.rewrite.WidenDecompression;
import dev.decanter.runtime.spi.Executable;
import dev.decanter.runtime.spi.Execution;
import dev.decanter.runtime.spi.OperationExtension;
import java.util.List;
import java.util.function.Consumer;

/** Compiles a model for the CPU: passes on a copy of the graph, then the plan. */
public final class CpuCompiler {
    private CpuCompiler() {}

    /**
     * Compiles; the model is not changed. The executable owns the memory, not the team.
     *
     * @param rewritten is told of the graph after all passes, from which {@link #resume} can go on
     * @param memory for packed weights and folded constants; closed with the executable, or if compiling fails
     * @throws dev.decanter.runtime.InferenceException if an operation cannot be run
     */
    public static Executable compile(
            Model model,
            CompileOptions options,
            ThreadTeam team,
            WeightMemory memory,
            List<OperationExtension> extensions,
            Consumer<Model> rewritten) {
        Model own;
        try {
            own = rewrite(model, options, memory);
            rewritten.accept(own);
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
        return resume(own, options.cache(), team, memory, extensions);
    }

    /**
     * Compiles a graph that has all passes behind it. The executable owns the memory, not the team.
     *
     * @param memory for packed weights and folded constants; closed with the executable, or if compiling fails
     * @throws dev.decanter.runtime.InferenceException if an operation cannot be run
     */
    public static Executable resume(
            Model own,
            CachePrecision precision,
            ThreadTeam team,
            WeightMemory memory,
            List<OperationExtension> extensions) {
        WarmUp warmUp = WarmUp.create();
        try {
            Plan plan = new Planner(own, new Lowering(team, memory, extensions), precision, warmUp).plan();
            memory.compiled();
            return new Executable() {
                @Override
                public Execution newExecution() {
                    return warmUp.endingWith(new Frame(plan, team));
                }

                @Override
                public void close() {
                    warmUp.close();
                    memory.close();
                }
            };
        } catch (RuntimeException | Error e) {
            warmUp.close();
            memory.close();
            throw e;
        }
    }

    /** Whether any step of a graph that has all passes behind it may run kernels of the Vector API on this processor. */
    public static boolean needsVectors(Model own) {
        return !MachineOnly.available() || !own.topologicalOrder().stream().allMatch(MachineOnly::computes);
    }

    /** The graph after all passes but those for approximate products. */
    static Model rewrite(Model model, WeightMemory memory) {
        return rewrite(model, CompileOptions.EXACT, memory);
    }

    /** The graph after all passes. */
    static Model rewrite(Model model, CompileOptions options, WeightMemory memory) {
        Model own = model.copy();
        WidenDecompression.run(own);
        PassSequence.of(
                        new FuseInt8(),
                        new FuseConvolution(),
                        new FuseWeights(),
                        new FoldConstants(memory),
                        new FuseRmsNorm(),
                        new FuseLayerNorm(),
                        new FuseRotary(),
                        new FuseAngles(),
                        new FuseAttention(options.accuracy()),
                        new FuseCache(),
                        new FuseMask(),
                        new FuseSizes(),
                        new FuseHeads(),
                        new FuseElementwise(),
                        new CutEarlier(),
                        new FuseBlocks(options.group()))
                .run(own);
        return own;
    }
}
