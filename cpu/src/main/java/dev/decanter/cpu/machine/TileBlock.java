package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.QuantizedRows;
import java.lang.foreign.MemorySegment;

/** Rows that are multiplied by pairs of panels: calls the routines of {@link TileKernels} in turn. */
final class TileBlock {
    private static final int TILE_CODES = 1024;
    private static final int VECTOR = 64;
    private static final int LINE = 64;
    private static final int MOST_AHEAD = 16;
    /** Bytes of results that are better not written through the caches: nobody finds them there later. */
    private static final long CACHED = 1 << 20;

    /** Parts of the scratch memory behind the unpacked weights. */
    private static final int SUMS = 2 * TileCode.PANEL_BYTES;

    private static final int SCALES = SUMS + 2 * 4 * TILE_CODES;
    private static final int CONFIGURATION = SCALES + 2 * TileCode.ZEROS;
    private static final int Y = CONFIGURATION + 4096;

    private final TileKernels kernels;
    private final Operands o;
    private final BlockWeights w;
    private final int row;
    private final int rows;
    private final int tiles;
    private final Frame frame = Frame.current();
    private final MemorySegment scratch;
    private final UnpackCode.Shape unpacked;

    TileBlock(TileKernels kernels, Operands o, int row, int rows) {
        this.kernels = kernels;
        this.o = o;
        this.row = row;
        this.rows = rows;
        w = o.w();
        tiles = Math.ceilDiv(rows, QuantizedRows.TILE);
        scratch = frame.scratch(Y + (long) tiles * QuantizedRows.TILE * TileCode.Y_ROW);
        unpacked = new UnpackCode.Shape(
                w.bits(), w.group(), w.perRow(), w.halfScales(), w.zeroPoints().byteSize() != 0);
        configure();
    }

    /** Tiles of 16 rows of 64 bytes; for groups of 32 inputs those of rows half as wide, and of weights half as high. */
    private void configure() {
        int inputs = Math.min(64, w.group());
        scratch.asSlice(CONFIGURATION, VECTOR).fill((byte) 0);
        scratch.set(JAVA_BYTE, CONFIGURATION, (byte) 1);
        for (int t = 0; t < 8; t++) {
            boolean ofRows = t == 4 || t == 5;
            boolean ofWeights = t > 5;
            scratch.set(JAVA_SHORT, CONFIGURATION + 16 + 2 * t, (short) (ofRows ? inputs : 64));
            scratch.set(JAVA_BYTE, CONFIGURATION + 48 + t, (byte) (ofWeights ? inputs / 4 : 16));
        }
    }

    /**
     * Multiplies all rows by one or two panels. Sums y are zero before and after.
     *
     * @param end panel after the last one of the caller, up to which the next weights are asked for
     */
    void multiply(int panel, int panels, int end) {
        boolean done = false;
        try {
            int slice = TileCode.SLICE / w.group();
            for (int g = 0; g < w.groups(); g += slice) {
                int groups = Math.min(slice, w.groups() - g);
                for (int p = 0; p < panels; p++) {
                    unpack(panel + p, p, g, groups);
                }
                boolean more = g + groups < w.groups();
                int next = more || panel + 2 * panels > end ? panel : panel + panels;
                int ahead = ahead(next, more ? g + groups : 0, Math.max(1, tiles / 2) * groups);
                if (tiles > 1) {
                    products(panels, 0, 2, g, groups, ahead);
                }
                if (tiles % 2 != 0) {
                    products(panels, tiles - 1, 1, g, groups, tiles == 1 ? ahead : 0);
                }
            }
            finish(panel, panels);
            done = true;
        } finally {
            if (!done) {
                frame.forget();
            }
        }
    }

    /** Lines that each step has to ask for, so that the next slice's weights come while this one's are multiplied. */
    private int ahead(int panel, int g, int steps) {
        long at = o.codesAt(panel) + codeBytes(g);
        frame.set(TileCode.NEXT, at);
        frame.set(TileCode.NEXT + 8, at + w.panelBytes());
        long lines = codeBytes(Math.min(TileCode.SLICE / w.group(), w.groups())) / LINE;
        // powers of two, so that there are few routines
        return Math.min(MOST_AHEAD, Math.max(1, Integer.highestOneBit((int) (2 * lines / steps))));
    }

    /** Bytes of codes of so many groups of a panel. */
    private long codeBytes(int groups) {
        return (long) groups * w.group() * BlockWeights.PANEL * w.bits() / Byte.SIZE;
    }

    private void unpack(int panel, int place, int g, int groups) {
        int entries = w.perRow() ? 0 : g * BlockWeights.PANEL;
        boolean nibbles = w.bits() == 4;
        frame.set(UnpackCode.CODES, o.codesAt(panel) + codeBytes(g));
        frame.set(UnpackCode.SCALES, o.scalesAt(panel) + (long) entries * (w.halfScales() ? 2 : 4));
        frame.set(UnpackCode.ZERO_POINTS, o.zeroPointsAt(panel) + entries);
        frame.set(UnpackCode.TO, scratch.address() + (long) place * TileCode.PANEL_BYTES);
        frame.set(UnpackCode.SCALES_TO, scratch.address() + SCALES + (long) place * VECTOR);
        frame.set(UnpackCode.GROUPS, groups);
        if (nibbles) {
            frame.setInt(UnpackCode.ZERO, w.zeroPoint() * 0x01010101);
            frame.setInt(UnpackCode.MASK, 0x0F0F0F0F);
            frame.setInt(UnpackCode.FACTOR, 0x01010101);
        } else {
            frame.setFloat(UnpackCode.ZERO, w.zeroPoint() - 128);
            frame.setInt(UnpackCode.MASK, 0x80808080);
            frame.setInt(UnpackCode.FACTOR, 128);
        }
        kernels.unpacking(unpacked).call(frame.block());
    }

    /** Blocks of {@code tall} tiles of rows, as many as there are from tile {@code first} on, by a slice of the panels. */
    private void products(int panels, int first, int tall, int g, int groups, int ahead) {
        int m = row + first * QuantizedRows.TILE;
        long tileBytes = (long) QuantizedRows.TILE * w.paddedInputs();
        long scaleBytes = (long) QuantizedRows.TILE * Float.BYTES * w.groups();
        long from = offset(g * w.group());
        // after the slice, the address is where the next input is
        long read = offset((g + groups) * w.group()) - from;
        frame.set(TileCode.A, o.inputsAt(m) + from);
        frame.set(TileCode.A_TILE, tileBytes);
        frame.set(TileCode.A_NEXT, tall * tileBytes - read);
        frame.set(TileCode.WEIGHTS, scratch.address());
        frame.set(TileCode.SUMS, scratch.address() + SUMS);
        frame.set(TileCode.SCALES, scratch.address() + SCALES);
        frame.set(TileCode.X_SCALES, o.inputScalesAt(m) + (long) VECTOR * g);
        frame.set(TileCode.X_SUMS, o.inputSumsAt(m) + (long) VECTOR * g);
        frame.set(TileCode.X_TILE, scaleBytes);
        frame.set(TileCode.X_NEXT, tall * scaleBytes - (long) VECTOR * groups);
        frame.set(TileCode.Y, scratch.address() + Y + (long) first * QuantizedRows.TILE * TileCode.Y_ROW);
        frame.set(TileCode.GROUPS, groups);
        frame.set(TileCode.STEPS, (long) groups * (tall == 2 ? tiles / 2 : 1));
        frame.set(TileCode.CONFIGURATION, scratch.address() + CONFIGURATION);
        boolean zeros = w.bits() == Byte.SIZE && (w.zeroPoints().byteSize() != 0 || w.zeroPoint() != 128);
        kernels.products(new TileShape(w.group(), w.perRow(), zeros, panels, tall, ahead))
                .call(frame.block());
    }

    /** Byte of an input in its tile of rows. */
    private static long offset(int input) {
        return input / 64L * TILE_CODES + input % 64;
    }

    private void finish(int panel, int panels) {
        int whole = o.whole(panel, panel + panels);
        if (whole > 0) {
            finish(panel, whole, 0, o.y().address() + o.yAt(row, panel), 4 * o.yStride());
        }
        int live = tiles * QuantizedRows.TILE * TileCode.Y_ROW;
        int begin = rows * TileCode.Y_ROW;
        if (whole < panels) {
            // an unfinished panel is written over its own sums, and copied from there
            long place = Y + (long) whole * VECTOR;
            finish(panel + whole, 1, whole, scratch.address() + place, TileCode.Y_ROW);
            for (int m = 0; m < rows; m++) {
                long at = place + (long) m * TileCode.Y_ROW;
                MemorySegment.copy(scratch, at, o.y(), o.yAt(row + m, panel + whole), 4L * o.tailOutputs());
            }
            begin = 0;
        }
        scratch.asSlice(Y + (long) begin, live - begin).fill((byte) 0);
    }

    private void finish(int panel, int panels, int place, long y, long strideBytes) {
        frame.set(UnpackCode.SUMS, scratch.address() + Y + (long) place * VECTOR);
        for (int p = 0; p < panels; p++) {
            frame.set(UnpackCode.ROW_SCALES + 8 * p, o.scalesAt(panel + p));
            frame.set(UnpackCode.BIAS + 8 * p, frame.bias(w, panel + p));
        }
        frame.set(UnpackCode.Y, y);
        frame.set(UnpackCode.Y_STRIDE, strideBytes);
        frame.set(UnpackCode.ROWS, rows);
        boolean past = y % LINE == 0 && strideBytes % LINE == 0 && rows * strideBytes > CACHED;
        kernels.ending(new UnpackCode.Ending(w.perRow(), w.halfScales(), panels, past))
                .call(frame.block());
    }
}
