package dev.decanter.cpu.kernels;

/**
 * Attention in f32 straight from the pages of a cache. Implementations give the same bits for the same numbers on any number of
 * threads.
 */
public interface AttentionKernels {
    /** Returns whether a call can be worked on: its keys and values lie in pages that can be read. */
    boolean attends(Attention.Call call);

    /** Computes all of a call. */
    void attend(ThreadTeam team, Attention.Call call);
}
