package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;
import static dev.decanter.cpu.kernels.BlockWeights.WORD;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/** Re-lays weights of 4 and 8 bits into {@link BlockWeights}, panel by panel on all threads. */
public final class BlockPacker {
    private static final int UNIT = 32;
    private static final int WIDE_UNIT = 64;
    private static final int MAX_GROUP = 512;

    /** Inputs of a row that are re-laid at once: a block of a panel stays in the first-level cache. */
    private static final int BLOCK = 512;

    private static final int NIBBLE_SIGNS = 0x88888888;
    private static final int BYTE_SIGNS = 0x80808080;

    private BlockPacker() {}

    /**
     * Returns the group that products of a weight by quantized activations have, if it can be a {@link BlockWeights}: its own, or
     * {@code wanted} where a row has one scale. Zero points must be integers that are stored as such and fit a byte once they
     * are those of unsigned codes.
     *
     * @param wanted inputs of a group of activations, at least 1; rounded up to 32 or a multiple of 64, at most 512
     */
    public static Optional<Integer> group(Packer.Source s, Quantization q, int wanted) {
        Quantization.Entries zeros = q.zeroPoints();
        boolean plain = zeros.absent() || (zeros.factor() == 1 && zeros.table().isEmpty());
        Optional<WeightFormat> stored = zeros.absent() ? Optional.empty() : Optional.of(zeros.format());
        return plain ? group(s.format(), s.inputs(), q.groupSize(), stored, wanted) : Optional.empty();
    }

    /**
     * As {@link #group(Packer.Source, Quantization, int)}, of a weight of which only the types are known.
     *
     * @param format of the codes
     * @param groupSize inputs that share a scale, {@code inputs} for one a row
     * @param zeroPoints how zero points are stored; empty for none
     */
    public static Optional<Integer> group(
            WeightFormat format, int inputs, int groupSize, Optional<WeightFormat> zeroPoints, int wanted) {
        boolean integers = format.quantized() && !format.coded();
        if (!integers || !zeroPoints.map(z -> fits(format, z)).orElse(true)) {
            return Optional.empty();
        }
        if (groupSize >= inputs) {
            int within = Math.min(wanted, MAX_GROUP);
            return Optional.of(within <= UNIT ? UNIT : Math.ceilDiv(within, WIDE_UNIT) * WIDE_UNIT);
        }
        boolean fits =
                (groupSize == UNIT || groupSize % WIDE_UNIT == 0) && groupSize <= MAX_GROUP && inputs % groupSize == 0;
        return fits ? Optional.of(groupSize) : Optional.empty();
    }

    private static boolean fits(WeightFormat weights, WeightFormat zeroPoints) {
        return switch (zeroPoints) {
            case U4, U8 -> weights.toUnsigned() == 0;
            case I4 -> weights.toUnsigned() != 0;
            case I8 -> weights == WeightFormat.I8;
            default -> false;
        };
    }

    /**
     * Re-lays a weight.
     *
     * @param group what {@link #group} gave
     * @param layout of the kernels that will read the weight
     * @throws IllegalArgumentException if {@link #group} gives no group for the weight, or another than this
     */
    public static BlockWeights pack(
            ThreadTeam team, WeightMemory memory, Packer.Source s, Quantization q, int group, PanelLayout layout) {
        Optional<Integer> fitting = group(s, q, group);
        if (fitting.isEmpty() || fitting.get() != group) {
            throw new IllegalArgumentException(
                    "weight " + s.format() + " [" + s.outputs() + ", " + s.inputs() + "] with groups of "
                            + q.groupSize() + " cannot be packed for groups of " + group + " activations");
        }
        boolean perRow = q.groupSize() >= s.inputs();
        Quantization.Entries scales = q.scales();
        boolean half = scales.format() == WeightFormat.F16 && scales.factor() == 1;
        Quantization.Entries zeros = q.zeroPoints();
        boolean shared = zeros.absent() || (zeros.rowStride() == 0 && zeros.groupStride() == 0);
        int zero = (int) zeros.at(0, 0) + s.format().toUnsigned();
        BlockWeights shape = new BlockWeights(
                s.format().bits(),
                s.outputs(),
                s.inputs(),
                group,
                perRow,
                half,
                !shared,
                shared ? zero : 0,
                layout,
                MemorySegment.NULL,
                MemorySegment.NULL);
        String tag = "panels " + layout + " " + s.format() + " [" + s.outputs() + ", " + s.inputs() + "] " + group
                + (perRow ? " row" : "") + (half ? " f16" : " f32") + (shared ? "" : " zeros");
        WeightMemory.Region region = memory.region(tag, shape.panels() * shape.panelBytes(), target -> {
            BlockWeights w = shape.in(target);
            team.run(w.panels(), panel -> {
                packCodes(s, w, panel);
                packEntries(s, q, w, panel);
            });
            memory.release(s.data().asSlice(s.offset(), s.byteSize()));
            memory.release(scales.data());
            memory.release(zeros.data());
            return 0;
        });
        return shape.in(region.memory());
    }

    private static void packCodes(Packer.Source s, BlockWeights w, int panel) {
        int row0 = panel * PANEL;
        int rows = Math.min(PANEL, s.outputs() - row0);
        int bits = s.format().bits();
        int perInt = Integer.SIZE / bits;
        int[] line = new int[BLOCK / perInt];
        byte[] bytes = new byte[BLOCK * bits / Byte.SIZE];
        byte[] tile = new byte[s.inputMajor() ? BLOCK * PANEL : 0];
        int[] words = new int[BLOCK / perInt * PANEL];
        // what pads whole blocks is zero already
        for (int k0 = 0; k0 < s.inputs(); k0 += BLOCK) {
            int n = Math.min(BLOCK, s.inputs() - k0);
            int padded = Math.min(BLOCK, w.paddedInputs() - k0);
            if (s.inputMajor()) {
                readColumns(s, row0, rows, k0, n, tile);
            }
            Arrays.fill(words, 0);
            for (int r = 0; r < rows; r++) {
                if (s.inputMajor()) {
                    gather(tile, r, n, bits, line);
                } else {
                    readRow(s, row0 + r, k0, n, bytes, line);
                }
                makeUnsigned(s.format(), line, n, perInt);
                for (int j = 0; j < padded / perInt; j++) {
                    words[j * PANEL + r] = bits == Byte.SIZE ? line[j] : interleave(line[j]);
                }
            }
            long at = w.codesAt(panel) + (long) k0 / perInt * WORD;
            MemorySegment.copy(words, 0, w.data(), Mem.I32, at, padded / perInt * PANEL);
        }
    }

    /** Brings eight half bytes, the first lowest, into the order of a word: bytes of one of the first and one of the last four. */
    private static int interleave(int eight) {
        return spread(eight & 0xffff) | spread(eight >>> 16) << 4;
    }

    private static int spread(int four) {
        int pairs = (four | four << 8) & 0x00ff00ff;
        return (pairs | pairs << 4) & 0x0f0f0f0f;
    }

    /** Codes of a row that lies together, as ints with the first lowest. */
    private static void readRow(Packer.Source s, int row, int k0, int n, byte[] bytes, int[] line) {
        long first = (long) row * s.inputs() + k0;
        Arrays.fill(bytes, (byte) 0);
        if (s.format().bits() == Byte.SIZE) {
            MemorySegment.copy(s.data(), Mem.I8, s.offset() + first, bytes, 0, n);
        } else if (first % 2 == 0) {
            MemorySegment.copy(s.data(), Mem.I8, s.offset() + first / 2, bytes, 0, Math.ceilDiv(n, 2));
        } else {
            for (int k = 0; k < n; k++) {
                bytes[k >> 1] |= (byte) (Scalars.nibble(s.data(), s.offset(), first + k) << ((k & 1) << 2));
            }
        }
        MemorySegment.copy(MemorySegment.ofArray(bytes), Mem.I32, 0, line, 0, line.length);
    }

    /** Codes of {@code rows} rows of a weight that lies by inputs, a byte each: input k of row r at {@code k * PANEL + r}. */
    private static void readColumns(Packer.Source s, int row0, int rows, int k0, int n, byte[] tile) {
        for (int k = 0; k < n; k++) {
            long first = (long) (k0 + k) * s.outputs() + row0;
            if (s.format().bits() == Byte.SIZE) {
                MemorySegment.copy(s.data(), Mem.I8, s.offset() + first, tile, k * PANEL, rows);
            } else {
                for (int r = 0; r < rows; r++) {
                    tile[k * PANEL + r] = (byte) Scalars.nibble(s.data(), s.offset(), first + r);
                }
            }
        }
    }

    private static void gather(byte[] tile, int r, int n, int bits, int[] line) {
        Arrays.fill(line, 0);
        int perInt = Integer.SIZE / bits;
        for (int k = 0; k < n; k++) {
            line[k / perInt] |= (tile[k * PANEL + r] & 0xff) << (k % perInt * bits);
        }
    }

    /** Adds 128 or 8 to codes with a sign, which flips the highest bit, and clears what lies past the {@code n} codes. */
    private static void makeUnsigned(WeightFormat format, int[] line, int n, int perInt) {
        int flip = format == WeightFormat.I8 ? BYTE_SIGNS : format == WeightFormat.I4 ? NIBBLE_SIGNS : 0;
        int whole = n / perInt;
        for (int j = 0; j < whole; j++) {
            line[j] ^= flip;
        }
        int rest = n % perInt;
        if (rest > 0) {
            line[whole] = (line[whole] ^ flip) & ((1 << (rest * Integer.SIZE / perInt)) - 1);
        }
    }

    private static void packEntries(Packer.Source s, Quantization q, BlockWeights w, int panel) {
        int row0 = panel * PANEL;
        int rows = Math.min(PANEL, w.outputs() - row0);
        int groups = w.perRow() ? 1 : s.inputs() / w.group();
        Quantization.Entries scales = q.scales();
        long scalesAt = w.scalesAt(panel);
        long zerosAt = w.zeroPointsAt(panel);
        for (int g = 0; g < groups; g++) {
            for (int r = 0; r < rows; r++) {
                long entry = w.entry(row0 + r, g);
                long index = (row0 + r) * scales.rowStride() + g * scales.groupStride();
                if (w.halfScales()) {
                    short half = scales.data().get(Mem.I16, scales.offset() + Short.BYTES * index);
                    w.data().set(Mem.I16, scalesAt + Short.BYTES * entry, half);
                } else {
                    w.data().set(Mem.F32, scalesAt + Float.BYTES * entry, scales.number(index));
                }
                if (w.zeroPoints()) {
                    int zero = (int) q.zeroPoints().at(row0 + r, g) + s.format().toUnsigned();
                    w.data().set(Mem.I8, zerosAt + entry, (byte) zero);
                }
            }
        }
    }
}
