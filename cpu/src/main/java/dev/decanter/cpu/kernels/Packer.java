package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/** Re-lays weights as they lie in a file into {@link PackedWeights}, panel by panel on all threads. */
public final class Packer {
    private static final float[] NO_BIAS = new float[0];
    private static final Quantization PLAIN =
            new Quantization(Integer.MAX_VALUE, Quantization.Entries.none(), Quantization.Entries.none());

    private Packer() {}

    /**
     * Where a weight lies.
     *
     * @param data memory, mapped or not
     * @param offset byte offset of element 0, any alignment
     * @param format how elements are stored
     * @param outputs N
     * @param inputs K
     * @param inputMajor whether it lies as W[K, N] (element (n, k) at k·N + n) and not as W[N, K] (at n·K + k)
     */
    public record Source(
            MemorySegment data, long offset, WeightFormat format, int outputs, int inputs, boolean inputMajor) {
        /** Checks the sizes against the memory. */
        public Source {
            if (outputs < 1 || inputs < 1) {
                throw new IllegalArgumentException("weight [" + outputs + ", " + inputs + "] is empty");
            }
            long bytes = bytes(format, outputs, inputs);
            if (offset < 0 || bytes > data.byteSize() - offset) {
                throw new IllegalArgumentException("weight [" + outputs + ", " + inputs + "] of " + bytes
                        + " bytes at offset " + offset + " reaches past " + data.byteSize() + " bytes");
            }
        }

        /** Returns the bytes of the elements. */
        public long byteSize() {
            return bytes(format, outputs, inputs);
        }

        private static long bytes(WeightFormat format, int outputs, int inputs) {
            return ((long) outputs * inputs * format.bits() + Byte.SIZE - 1) / Byte.SIZE;
        }
    }

    /**
     * Packs a weight of f32, f16 or bf16.
     *
     * @param memory gives the packed weight its memory
     * @throws IllegalArgumentException if the format is quantized
     */
    public static PackedWeights pack(ThreadTeam team, WeightMemory memory, Source source) {
        if (source.format().quantized()) {
            throw new IllegalArgumentException(source.format() + " needs a scale");
        }
        return pack(team, memory, source, PLAIN);
    }

    /** Packs a weight of 8-bit or 4-bit integers or codes. */
    public static PackedWeights packQuantized(
            ThreadTeam team, WeightMemory memory, Source source, Quantization quantization) {
        if (!source.format().quantized() || quantization.scales().absent()) {
            throw new IllegalArgumentException(source.format() + " with scales is not a quantized weight");
        }
        check(source.format(), quantization);
        return pack(team, memory, source, quantization);
    }

    /** Sees that codes come with what they stand for, and integers without. */
    static void check(WeightFormat format, Quantization quantization) {
        if (format.coded() != quantization.table().isPresent()) {
            throw new IllegalArgumentException(format + (format.coded() ? " needs a table" : " takes no table"));
        }
    }

    private static PackedWeights pack(ThreadTeam team, WeightMemory memory, Source s, Quantization q) {
        Layout layout = Layout.of(s, q);
        WeightMemory.Region region = memory.region(layout.tag(s), layout.byteSize(), target -> {
            boolean paired = fill(team, s, q, layout, target);
            release(memory, s, q);
            return paired ? 1 : 0;
        });
        return layout.weights(s, q, region.memory(), region.note() != 0);
    }

    /** Where elements and entries lie in a region. */
    private record Layout(int groupSize, long entries, long dataBytes, Scaling.Layout scaling) {
        static Layout of(Source s, Quantization q) {
            int panels = PackedWeights.panels(s.outputs());
            int groupSize = Math.min(q.groupSize(), s.inputs());
            boolean quantized = s.format().quantized();
            long entries = quantized ? (long) panels * PANEL * PackedWeights.groups(s.inputs(), groupSize) : 0;
            long dataBytes = panels * PackedWeights.panelBytes(s.format(), s.inputs());
            return new Layout(groupSize, entries, dataBytes, Scaling.Layout.of(s.format(), q, entries));
        }

        String tag(Source s) {
            return "panels " + s.format() + " [" + s.outputs() + ", " + s.inputs() + "] " + groupSize + " "
                    + scaling.format() + " " + scaling.zeroFormat();
        }

        long byteSize() {
            return dataBytes + scaling.byteSize();
        }

        PackedWeights weights(Source s, Quantization q, MemorySegment memory, boolean paired) {
            Scaling entriesOf =
                    s.format().quantized() ? scaling.in(memory.asSlice(dataBytes), s.format(), q) : Scaling.NONE;
            return new PackedWeights(
                    s.format(),
                    s.outputs(),
                    s.inputs(),
                    groupSize,
                    paired,
                    memory.asSlice(0, dataBytes),
                    entriesOf,
                    q.table(),
                    NO_BIAS);
        }
    }

    /** Returns whether the weight could be paired. */
    private static boolean fill(ThreadTeam team, Source s, Quantization q, Layout layout, MemorySegment target) {
        boolean shifted = s.format() != WeightFormat.CODE8
                || q.table().map(CodeTable::e4m3).orElse(false);
        boolean paired = VectorSupport.ENABLED && s.format() != WeightFormat.F32 && shifted;
        PackedWeights w = layout.weights(s, q, target, paired);
        AtomicBoolean misfit = new AtomicBoolean();
        team.run(w.panels(), panel -> {
            if (!packPanel(s, w, panel)) {
                misfit.set(true);
            }
            if (s.format().quantized()) {
                packEntries(q, w, panel);
            }
        });
        if (!misfit.get()) {
            return paired;
        }
        PackedWeights plain = layout.weights(s, q, target, false);
        team.run(w.panels(), panel -> packPanel(s, plain, panel));
        return false;
    }

    private static void release(WeightMemory memory, Source s, Quantization q) {
        memory.release(s.data().asSlice(s.offset(), s.byteSize()));
        memory.release(q.scales().data());
        memory.release(q.zeroPoints().data());
    }

    /** Returns whether all numbers of the panel fit the layout; if not, the plain layout must be taken. */
    private static boolean packPanel(Source s, PackedWeights w, int panel) {
        switch (s.format()) {
            case F32 -> packInts(s, w, panel);
            case F16, BF16 -> {
                return packShorts(s, w, panel);
            }
            case U8, I8, U4, I4, CODE4, CODE8 -> {
                return packBytes(s, w, panel);
            }
        }
        return true;
    }

    /** Inputs that are re-laid at once: a block of all rows of the panel fits the first-level cache. */
    private static final int BLOCK = 128;

    private static boolean packShorts(Source s, PackedWeights w, int panel) {
        int row0 = panel * PANEL;
        int rows = Math.min(PANEL, s.outputs() - row0);
        boolean encode = w.paired() && s.format() == WeightFormat.F16;
        short[] line = new short[Math.max(BLOCK, PANEL)];
        short[] out = new short[BLOCK * PANEL];
        for (int k0 = 0; k0 < s.inputs(); k0 += BLOCK) {
            int n = Math.min(BLOCK, s.inputs() - k0);
            int lines = s.inputMajor() ? n : rows;
            int length = s.inputMajor() ? rows : n;
            for (int i = 0; i < lines; i++) {
                long first =
                        s.inputMajor() ? (long) (k0 + i) * s.outputs() + row0 : (long) (row0 + i) * s.inputs() + k0;
                MemorySegment.copy(s.data(), Mem.I16, s.offset() + 2 * first, line, 0, length);
                if (encode && !encode(line, length)) {
                    return false;
                }
                if (s.inputMajor()) {
                    for (int r = 0; r < length; r++) {
                        out[i * PANEL + place(w, r)] = line[r];
                    }
                } else {
                    int place = place(w, i);
                    for (int k = 0; k < length; k++) {
                        out[k * PANEL + place] = line[k];
                    }
                }
            }
            MemorySegment.copy(out, 0, w.data(), Mem.I16, panel * w.panelBytes() + 2L * k0 * PANEL, n * PANEL);
        }
        return true;
    }

    /** Returns where row r of a panel stands among the rows of one input. */
    private static int place(PackedWeights w, int r) {
        return w.paired() ? pairedPlace(Short.SIZE, 0, r) : r;
    }

    private static boolean encode(short[] line, int n) {
        boolean all = true;
        for (int i = 0; i < n; i++) {
            all &= HalfCode.exists(line[i]);
            line[i] = HalfCode.encode(line[i]);
        }
        return all;
    }

    private static void packInts(Source s, PackedWeights w, int panel) {
        int row0 = panel * PANEL;
        int rows = Math.min(PANEL, s.outputs() - row0);
        int[] line = new int[BLOCK];
        int[] out = new int[BLOCK * PANEL];
        for (int k0 = 0; k0 < s.inputs(); k0 += BLOCK) {
            int n = Math.min(BLOCK, s.inputs() - k0);
            if (s.inputMajor()) {
                for (int k = 0; k < n; k++) {
                    long at = s.offset() + 4 * ((long) (k0 + k) * s.outputs() + row0);
                    MemorySegment.copy(s.data(), Mem.I32, at, out, k * PANEL, rows);
                }
            } else {
                for (int r = 0; r < rows; r++) {
                    long at = s.offset() + 4 * ((long) (row0 + r) * s.inputs() + k0);
                    MemorySegment.copy(s.data(), Mem.I32, at, line, 0, n);
                    for (int k = 0; k < n; k++) {
                        out[k * PANEL + r] = line[k];
                    }
                }
            }
            MemorySegment.copy(out, 0, w.data(), Mem.I32, panel * w.panelBytes() + 4L * k0 * PANEL, n * PANEL);
        }
    }

    private static boolean packBytes(Source s, PackedWeights w, int panel) {
        boolean finite = w.paired() && s.format() == WeightFormat.CODE8;
        int row0 = panel * PANEL;
        int rows = Math.min(PANEL, s.outputs() - row0);
        boolean half = s.format().bits() == 4;
        int shift = s.format().toUnsigned();
        int mask = half ? 15 : 255;
        byte[] out = new byte[BLOCK * PANEL];
        for (int k0 = 0; k0 < s.inputs(); k0 += BLOCK) {
            int n = Math.min(BLOCK, s.inputs() - k0);
            Arrays.fill(out, (byte) 0);
            for (int r = 0; r < rows; r++) {
                for (int k = 0; k < n; k++) {
                    long at = s.inputMajor()
                            ? (long) (k0 + k) * s.outputs() + row0 + r
                            : (long) (row0 + r) * s.inputs() + k0 + k;
                    int stored = half
                            ? Scalars.nibble(s.data(), s.offset(), at)
                            : s.data().get(Mem.I8, s.offset() + at);
                    int code = (stored + shift) & mask;
                    if (finite && (code & VectorCodes.E4M3_NAN) == VectorCodes.E4M3_NAN) {
                        return false;
                    }
                    int to = w.paired() ? pairedPlace(s.format().bits(), k, r) : plainPlace(half, k, r);
                    if (half) {
                        out[to >> 1] |= (byte) (code << ((to & 1) << 2));
                    } else {
                        out[to] = (byte) code;
                    }
                }
            }
            int elements = Math.min(BLOCK, w.paddedInputs() - k0) * PANEL;
            long at = panel * w.panelBytes() + (long) k0 * PANEL * s.format().bits() / Byte.SIZE;
            MemorySegment.copy(out, 0, w.data(), Mem.I8, at, half ? elements >> 1 : elements);
        }
        return true;
    }

    /** Returns where input k of row r lies in a block, in elements. */
    private static int pairedPlace(int bits, int k, int r) {
        int perWord = Integer.SIZE / bits;
        int inputs = perWord / 2;
        return k / inputs * inputs * PANEL + r % (PANEL / 2) * perWord + k % inputs * 2 + r / (PANEL / 2);
    }

    private static int plainPlace(boolean half, int k, int r) {
        return half ? (k / 2 * PANEL + r) * 2 + k % 2 : k * PANEL + r;
    }

    private static void packEntries(Quantization q, PackedWeights w, int panel) {
        int row0 = panel * PANEL;
        int rows = Math.min(PANEL, w.outputs() - row0);
        for (int g = 0; g < w.groups(); g++) {
            w.scaling().pack(q, panel, g, w.groups(), row0, rows);
        }
    }
}
