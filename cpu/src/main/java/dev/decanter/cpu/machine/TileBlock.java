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
    private static final int WORD = Long.BYTES;
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
    private final long[] words = frame.words();
    private final boolean zeros;
    private final MemorySegment scratch;
    private final long base;
    private final long tileBytes;
    private final long scaleBytes;
    private final Routine unpacking;
    /** The weights that are to be asked for. */
    private long next;

    TileBlock(TileKernels kernels, Operands o, int row, int rows) {
        this.kernels = kernels;
        this.o = o;
        this.row = row;
        this.rows = rows;
        w = o.w();
        tiles = Math.ceilDiv(rows, QuantizedRows.TILE);
        scratch = frame.scratch(Y + (long) tiles * QuantizedRows.TILE * TileCode.Y_ROW);
        base = scratch.address();
        tileBytes = (long) QuantizedRows.TILE * w.paddedInputs();
        scaleBytes = (long) QuantizedRows.TILE * Float.BYTES * w.groups();
        unpacking = kernels.unpacking(
                new UnpackCode.Shape(w.bits(), w.group(), w.perRow(), w.halfScales(), w.zeroPoints()));
        zeros = w.bits() == Byte.SIZE && (w.zeroPoints() || w.zeroPoint() != 128);
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
                int following = more || panel + 2 * panels > end ? panel : panel + panels;
                int ahead = ahead(following, more ? g + groups : 0, Math.max(1, tiles / 2) * groups);
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
        next = o.codesAt(panel) + codeBytes(g);
        long lines = codeBytes(Math.min(TileCode.SLICE / w.group(), w.groups())) / LINE;
        // powers of two, so that there are few routines
        return Math.min(TileShape.MOST_AHEAD, Math.max(1, Integer.highestOneBit((int) (2 * lines / steps))));
    }

    /** Bytes of codes of so many groups of a panel. */
    private long codeBytes(int groups) {
        return (long) groups * w.group() * BlockWeights.PANEL * w.bits() / Byte.SIZE;
    }

    private void unpack(int panel, int place, int g, int groups) {
        int entries = w.perRow() ? 0 : g * BlockWeights.PANEL;
        words[UnpackCode.CODES / WORD] = o.codesAt(panel) + codeBytes(g);
        words[UnpackCode.SCALES / WORD] = o.scalesAt(panel) + (long) entries * (w.halfScales() ? 2 : 4);
        words[UnpackCode.ZERO_POINTS / WORD] = o.zeroPointsAt(panel) + entries;
        words[UnpackCode.TO / WORD] = base + (long) place * TileCode.PANEL_BYTES;
        words[UnpackCode.SCALES_TO / WORD] = base + SCALES + (long) place * VECTOR;
        words[UnpackCode.GROUPS / WORD] = groups;
        if (w.bits() == 4) {
            words[UnpackCode.ZERO / WORD] = pair(w.zeroPoint() * 0x01010101, 0x0F0F0F0F);
            words[UnpackCode.FACTOR / WORD] = 0x01010101;
        } else {
            words[UnpackCode.ZERO / WORD] = pair(Float.floatToRawIntBits((float) w.zeroPoint() - 128), 0x80808080);
            words[UnpackCode.FACTOR / WORD] = 128;
        }
        frame.write(UnpackCode.FACTOR / WORD + 1);
        unpacking.call(frame.block());
    }

    /** Two numbers of 32 bits that lie side by side. */
    private static long pair(int first, int second) {
        return Integer.toUnsignedLong(first) | (long) second << Integer.SIZE;
    }

    /** Blocks of {@code tall} tiles of rows, as many as there are from tile {@code first} on, by a slice of the panels. */
    private void products(int panels, int first, int tall, int g, int groups, int ahead) {
        int m = row + first * QuantizedRows.TILE;
        long from = offset(g * w.group());
        // after the slice, the address is where the next input is
        long read = offset((g + groups) * w.group()) - from;
        words[TileCode.A / WORD] = o.inputsAt(m) + from;
        words[TileCode.A_TILE / WORD] = tileBytes;
        words[TileCode.A_NEXT / WORD] = tall * tileBytes - read;
        words[TileCode.WEIGHTS / WORD] = base;
        words[TileCode.SUMS / WORD] = base + SUMS;
        words[TileCode.SCALES / WORD] = base + SCALES;
        words[TileCode.X_SCALES / WORD] = o.inputScalesAt(m) + (long) VECTOR * g;
        words[TileCode.X_SUMS / WORD] = o.inputSumsAt(m) + (long) VECTOR * g;
        words[TileCode.X_TILE / WORD] = scaleBytes;
        words[TileCode.X_NEXT / WORD] = tall * scaleBytes - (long) VECTOR * groups;
        words[TileCode.Y / WORD] = base + Y + (long) first * QuantizedRows.TILE * TileCode.Y_ROW;
        words[TileCode.GROUPS / WORD] = groups;
        words[TileCode.STEPS / WORD] = (long) groups * (tall == 2 ? tiles / 2 : 1);
        words[TileCode.CONFIGURATION / WORD] = base + CONFIGURATION;
        words[TileCode.NEXT / WORD] = next;
        words[TileCode.NEXT / WORD + 1] = next + w.panelBytes();
        frame.write(TileCode.NEXT / WORD + 2);
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
