package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The weight W[N, K] of a product in integers: bytes less zero points, one scale an output row. It is packed as {@link
 * PackedWeights}, a byte an element, with scales of 1; the real scales are applied to the sums.
 */
public final class Int8Weights {
    private static final Quantization.Entries ONE =
            new Quantization.Entries(MemorySegment.ofArray(new float[] {1}), 0, WeightFormat.F32, 0, 0);

    private final PackedWeights codes;
    private final float[] scales;
    private final MemorySegment sums;
    private final int most;

    private Int8Weights(PackedWeights codes, float[] scales, MemorySegment sums, int most) {
        this.codes = codes;
        this.scales = scales;
        this.sums = sums;
        this.most = most;
    }

    /**
     * Packs a weight.
     *
     * @param source elements, u8 or i8
     * @param quantization scales and zero points, one a row or one for all
     */
    public static Int8Weights pack(
            ThreadTeam team, WeightMemory memory, Packer.Source source, Quantization quantization) {
        boolean bytes = source.format() == WeightFormat.U8 || source.format() == WeightFormat.I8;
        if (!bytes || quantization.groupSize() < source.inputs()) {
            throw new IllegalArgumentException(source.format() + " in groups of " + quantization.groupSize()
                    + " is not a weight of bytes by rows");
        }
        PackedWeights codes = Packer.packQuantized(
                team, memory, source, new Quantization(source.inputs(), ONE, quantization.zeroPoints()));
        int n = source.outputs();
        float[] scales = new float[n];
        for (int row = 0; row < n; row++) {
            scales[row] = quantization.scales().at(row, 0);
        }
        WeightMemory.Region measured = memory.region("sums [" + n + "]", (long) n * Integer.BYTES, target -> {
            int[] sums = new int[n];
            int[] most = new int[codes.panels()];
            team.run(codes.panels(), panel -> most[panel] = measure(codes, panel, sums));
            MemorySegment.copy(sums, 0, target, Mem.I32, 0, n);
            return Arrays.stream(most).max().orElse(0);
        });
        return new Int8Weights(codes, scales, measured.memory(), (int) measured.note());
    }

    /** Sums the rows of a panel, and returns the greatest magnitude in it. */
    private static int measure(PackedWeights codes, int panel, int[] sums) {
        float[] strip = Scratch.current().floats(Scratch.STRIP, Linear.STRIP * PANEL);
        int rows = Math.min(PANEL, codes.outputs() - panel * PANEL);
        int most = 0;
        for (int k0 = 0; k0 < codes.inputs(); k0 += Linear.STRIP) {
            int n = Math.min(Linear.STRIP, codes.paddedInputs() - k0);
            Strips.decode(codes, panel, k0, n, strip);
            for (int k = 0; k < Math.min(n, codes.inputs() - k0); k++) {
                for (int r = 0; r < rows; r++) {
                    int value = (int) strip[k * PANEL + r];
                    sums[panel * PANEL + r] += value;
                    most = Math.max(most, Math.abs(value));
                }
            }
        }
        return most;
    }

    /** Returns N. */
    public int outputs() {
        return codes.outputs();
    }

    /** Returns K. */
    public int inputs() {
        return codes.inputs();
    }

    /** Returns the scale of an output row. */
    public float scale(int row) {
        return scales[row];
    }

    /** Returns the sum over an output row's integers. */
    public int sum(int row) {
        return sums.get(Mem.I32, (long) row * Integer.BYTES);
    }

    PackedWeights codes() {
        return codes;
    }

    /** The greatest magnitude of an integer. */
    int most() {
        return most;
    }
}
