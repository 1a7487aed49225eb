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

    /** Returns whether {@link #multiplyRow} reads such weights: f32 as they are, f16 and bf16 where they are paired. */
    boolean reads(PackedWeights weights);

    /**
     * One row by panels of weights, from 0 and with the partial sums of the vector kernels.
     *
     * @param panel first panel
     * @param panels number of panels
     * @param x native memory: f32 of all {@link PackedWeights#paddedInputs} inputs, multiplied by {@link Strips#scale}
     * @param y native memory: receives {@link #PANEL} f32 of each panel from the beginning on
     */
    void multiplyRow(PackedWeights weights, int panel, int panels, MemorySegment x, MemorySegment y);
}
