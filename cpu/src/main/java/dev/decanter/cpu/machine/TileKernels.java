package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.QuantizedRows;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Products by AMX tiles of bytes, and by dot instructions where rows are few. Two panels at a time are unpacked slice by
 * slice, and all rows pass a slice while it is in the first-level cache; sums y of the rows stay in the second.
 */
final class TileKernels implements BlockKernels {
    /** Rows from which on tiles pay. */
    private static final int LEAST_ROWS = 9;

    /** Rows of a call, so that it stays far below a millisecond. */
    private static final int MOST_ROWS = 1024;

    private static final int TILE_CODES = 1024;
    private static final int SUMS = 2 * TileCode.PANEL_BYTES;
    private static final int SUM_BYTES = 2 * 4 * TILE_CODES;
    private static final int SCALES = SUMS + SUM_BYTES;
    private static final int CONFIGURATION = SCALES + 2 * TileCode.ZEROS;
    private static final int Y = CONFIGURATION + 4096;

    private final DotKernels few = new DotKernels(BlockWeights.WORD);
    private final Map<UnpackCode.Shape, Routine> unpacking = new ConcurrentHashMap<>();
    private final Map<TileShape, Routine> products = new ConcurrentHashMap<>();
    private final Routine[] finishing = new Routine[3];

    TileKernels() {
        finishing[0] = Routine.of(UnpackCode.finish(false, false));
        finishing[1] = Routine.of(UnpackCode.finish(true, false));
        finishing[2] = Routine.of(UnpackCode.finish(true, true));
    }

    @Override
    public String describe() {
        return "AMX int8, " + few.describe();
    }

    @Override
    public void multiply(
            BlockWeights w,
            int panel,
            int panels,
            QuantizedRows x,
            int row,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        if (rows < LEAST_ROWS) {
            few.multiply(w, panel, panels, x, row, rows, y, yOffset, yStride);
            return;
        }
        Operands o = new Operands(w, x, y, yOffset, yStride);
        o.check(panel, panels, row, rows);
        try {
            for (int m = row; m < row + rows; m += MOST_ROWS) {
                for (int p = panel; p < panel + panels; p += 2) {
                    block(o, p, Math.min(2, panel + panels - p), m, Math.min(MOST_ROWS, row + rows - m));
                }
            }
        } finally {
            // addresses keep no memory alive
            Reference.reachabilityFence(o);
        }
    }

    /** One or two panels by all rows. */
    private void block(Operands o, int panel, int panels, int row, int rows) {
        BlockWeights w = o.w();
        Frame frame = Frame.current();
        int tiles = Math.ceilDiv(rows, QuantizedRows.TILE);
        long sums = (long) tiles * QuantizedRows.TILE * TileCode.Y_ROW;
        MemorySegment scratch = frame.scratch(Y + sums);
        configure(scratch, w.group());
        scratch.asSlice(Y, sums).fill((byte) 0);
        int slice = TileCode.SLICE / w.group();
        for (int g = 0; g < w.groups(); g += slice) {
            int groups = Math.min(slice, w.groups() - g);
            for (int p = 0; p < panels; p++) {
                unpack(frame, scratch, o, panel + p, p, g, groups);
            }
            if (tiles > 1) {
                products(frame, scratch, o, panels, row, 0, tiles / 2, 2, g, groups);
            }
            if (tiles % 2 != 0) {
                products(frame, scratch, o, panels, row, tiles - 1, 1, 1, g, groups);
            }
        }
        for (int p = 0; p < panels; p++) {
            finish(frame, scratch, o, panel + p, p, row, rows);
        }
    }

    /** Tiles of 16 rows of 64 bytes; for groups of 32 inputs those of rows half as wide, and of weights half as high. */
    private static void configure(MemorySegment scratch, int group) {
        int inputs = Math.min(64, group);
        scratch.asSlice(CONFIGURATION, 64).fill((byte) 0);
        scratch.set(JAVA_BYTE, CONFIGURATION, (byte) 1);
        for (int t = 0; t < 8; t++) {
            boolean rows = t == 4 || t == 5;
            boolean weights = t > 5;
            scratch.set(JAVA_SHORT, CONFIGURATION + 16 + 2 * t, (short) (rows ? inputs : 64));
            scratch.set(JAVA_BYTE, CONFIGURATION + 48 + t, (byte) (weights ? inputs / 4 : 16));
        }
    }

    private void unpack(Frame frame, MemorySegment scratch, Operands o, int panel, int place, int g, int groups) {
        BlockWeights w = o.w();
        int entries = w.perRow() ? 0 : g * BlockWeights.PANEL;
        boolean nibbles = w.bits() == 4;
        frame.set(UnpackCode.CODES, o.codesAt(panel) + (long) g * w.group() * BlockWeights.PANEL * w.bits() / 8);
        frame.set(UnpackCode.SCALES, o.scalesAt(panel) + (long) entries * (w.halfScales() ? 2 : 4));
        frame.set(UnpackCode.ZERO_POINTS, o.zeroPointsAt(panel) + entries);
        frame.set(UnpackCode.TO, scratch.address() + (long) place * TileCode.PANEL_BYTES);
        frame.set(UnpackCode.SCALES_TO, scratch.address() + SCALES + place * 64L);
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
        UnpackCode.Shape shape = new UnpackCode.Shape(
                w.bits(), w.group(), w.perRow(), w.halfScales(), w.zeroPoints().byteSize() != 0);
        unpacking.computeIfAbsent(shape, s -> Routine.of(UnpackCode.unpack(s))).call(frame.block());
    }

    /** {@code blocks} times {@code tall} tiles of rows, from tile {@code first} on, by a slice of the panels. */
    private void products(
            Frame frame,
            MemorySegment scratch,
            Operands o,
            int panels,
            int row,
            int first,
            int blocks,
            int tall,
            int g,
            int groups) {
        BlockWeights w = o.w();
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
        frame.set(TileCode.X_SCALES, o.inputScalesAt(m) + 64L * g);
        frame.set(TileCode.X_SUMS, o.inputSumsAt(m) + 64L * g);
        frame.set(TileCode.X_TILE, scaleBytes);
        frame.set(TileCode.X_NEXT, tall * scaleBytes - 64L * groups);
        frame.set(TileCode.Y, scratch.address() + Y + (long) first * QuantizedRows.TILE * TileCode.Y_ROW);
        frame.set(TileCode.GROUPS, groups);
        frame.set(TileCode.STEPS, (long) groups * blocks);
        frame.set(TileCode.CONFIGURATION, scratch.address() + CONFIGURATION);
        boolean zeros = w.bits() == 8 && (w.zeroPoints().byteSize() != 0 || w.zeroPoint() != 128);
        TileShape shape = new TileShape(w.group(), w.perRow(), zeros, panels, tall);
        products.computeIfAbsent(shape, s -> Routine.of(TileCode.of(s))).call(frame.block());
    }

    /** Byte of an input in its tile of rows. */
    private static long offset(int input) {
        return input / 64L * TILE_CODES + input % 64;
    }

    private void finish(Frame frame, MemorySegment scratch, Operands o, int panel, int place, int row, int rows) {
        BlockWeights w = o.w();
        boolean whole = o.whole(panel, panel + 1) == 1;
        frame.set(UnpackCode.SUMS, scratch.address() + Y + place * 64L);
        frame.set(UnpackCode.ROW_SCALES, o.scalesAt(panel));
        frame.set(UnpackCode.BIAS, frame.bias(w, panel));
        // an unfinished panel is written over its own sums, and copied from there
        frame.set(UnpackCode.Y, whole ? o.y().address() + o.yAt(row, panel) : scratch.address() + Y + place * 64L);
        frame.set(UnpackCode.Y_STRIDE, whole ? 4 * o.yStride() : TileCode.Y_ROW);
        frame.set(UnpackCode.ROWS, rows);
        finishing[w.perRow() ? w.halfScales() ? 2 : 1 : 0].call(frame.block());
        for (int m = 0; m < rows && !whole; m++) {
            MemorySegment.copy(
                    scratch,
                    Y + place * 64L + (long) m * TileCode.Y_ROW,
                    o.y(),
                    o.yAt(row + m, panel),
                    4L * o.tailOutputs());
        }
    }
}
