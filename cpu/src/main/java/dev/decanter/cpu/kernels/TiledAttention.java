package dev.decanter.cpu.kernels;

/**
 * Attention of many queries with fewer bits than f32, for masks that only hide. Implementations give the same bits for the same
 * numbers on any number of threads.
 */
public interface TiledAttention {
    /** Returns whether such sizes can be worked on. */
    boolean attends(Attention.Sizes z);

    /** Computes all of a call. */
    void attend(ThreadTeam team, Attention.Call call);
}
