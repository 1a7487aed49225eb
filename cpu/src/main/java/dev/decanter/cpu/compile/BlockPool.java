package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.NativePages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Memory in blocks of one size, numbered, each with the number of its holders. A block without holders becomes free at the next
 * {@link #sweep} and not before, so what a failed inference gave up is still there.
 */
final class BlockPool implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final long blockBytes;
    private MemorySegment[] blocks = {};
    private int[] holders = {};
    private int[] free = {};
    private int freeCount;

    BlockPool(long blockBytes) {
        this.blockBytes = blockBytes;
    }

    MemorySegment block(int number) {
        return blocks[number];
    }

    int holders(int number) {
        return holders[number];
    }

    /** Makes sure that {@code count} blocks can be taken; memory grows by half at least. */
    void reserve(int count) {
        if (count <= freeCount) {
            return;
        }
        int old = blocks.length;
        int fresh = Math.max(count - freeCount, old / 2);
        long stride = (blockBytes + 63) / 64 * 64;
        MemorySegment slab = NativePages.allocate(arena, Math.multiplyExact(fresh, stride));
        blocks = Arrays.copyOf(blocks, old + fresh);
        holders = Arrays.copyOf(holders, old + fresh);
        free = Arrays.copyOf(free, old + fresh);
        // the lowest lies on top, so that rows that grow together lie together
        for (int i = fresh - 1; i >= 0; i--) {
            blocks[old + i] = slab.asSlice(i * stride, blockBytes);
            free[freeCount++] = old + i;
        }
    }

    /** A free block, with the caller as its only holder. */
    int take() {
        reserve(1);
        int number = free[--freeCount];
        holders[number] = 1;
        return number;
    }

    void retain(int number) {
        holders[number]++;
    }

    void release(int number) {
        holders[number]--;
    }

    /** Makes what nobody holds free. */
    void sweep() {
        freeCount = 0;
        for (int i = blocks.length - 1; i >= 0; i--) {
            if (holders[i] == 0) {
                free[freeCount++] = i;
            }
        }
    }

    /** Forgets all holders but those in {@code tables}, and sweeps. */
    void recount(int[][] tables) {
        Arrays.fill(holders, 0);
        for (int[] table : tables) {
            for (int number : table) {
                retain(number);
            }
        }
        sweep();
    }

    /** Blocks that are not free. */
    int inUse() {
        return blocks.length - freeCount;
    }

    @Override
    public void close() {
        arena.close();
    }
}
