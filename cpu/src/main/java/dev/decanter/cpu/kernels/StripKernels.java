package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/**
 * Inner loops of products of many rows by f32 weights, on native memory; see {@link Linear}. Implementations are safe for several
 * threads, and give the bits of the vector tiles: each sum grows by one fused multiply-add for each input, in order.
 */
public interface StripKernels {
    /** Rows of a tile. */
    int ROWS = Tiles.ROWS;

    /** Outputs of a panel. */
    int PANEL = PackedWeights.PANEL;

    /**
     * What is multiplied, all in native memory.
     *
     * @param x rows, interleaved: f32 of row m of tile t and input k at byte {@code xAt + t * xTile + 4 * (k * ROWS + m)}
     * @param strip weights: f32 of input k and output j at byte {@code stripAt + 4 * (k * PANEL + j)}
     * @param n inputs, an even number
     * @param tiles number of tiles
     * @param sums f32 of row m of tile t and output j at byte {@code sumsAt + 4 * ((t * ROWS + m) * PANEL + j)}
     */
    record Strip(
            MemorySegment x,
            long xAt,
            long xTile,
            MemorySegment strip,
            long stripAt,
            int n,
            int tiles,
            MemorySegment sums,
            long sumsAt) {}

    /**
     * Adds the products of a strip to its sums.
     *
     * @param weights memory that is asked for meanwhile, since it is read next
     * @param next where it begins
     * @param bytes how long it is
     */
    void multiply(Strip strip, MemorySegment weights, long next, long bytes);
}
