package dev.decanter.cpu.kernels;

/**
 * Rotary position embedding, half-rotated layout (GPT-NeoX, Llama): with h = R/2 rotated pairs (x[i], x[i + h]),
 * {@code y[i] = x[i]·cos[i] - x[i+h]·sin[i]} and {@code y[i+h] = x[i+h]·cos[i+h] + x[i]·sin[i+h]}.
 */
public final class Rotary {
    private static final long TASK = 8 << 10;

    private Rotary() {}

    /**
     * Rotates the first {@code rotated} elements of each row and copies the others.
     *
     * @param size D, elements of a row
     * @param rotated R, even, at most D
     * @param x [B, H, S, D]
     * @param cos [B or 1, 1, S, R] by strides
     * @param sin the same
     * @param y [B, H, S, D]; may be x itself
     */
    public static void apply(
            ThreadTeam team,
            int batch,
            int heads,
            int rows,
            int size,
            int rotated,
            Strided x,
            Strided cos,
            Strided sin,
            Strided y) {
        if (rotated % 2 != 0 || rotated > size) {
            throw new IllegalArgumentException("cannot rotate " + rotated + " of " + size + " elements");
        }
        long total = (long) batch * heads * rows;
        team.runRange(total, Math.max(1, TASK / Math.max(1, size)), (from, to) -> {
            Scratch scratch = Scratch.current();
            float[] in = scratch.floats(Scratch.STRIP, size);
            float[] out = scratch.floats(Scratch.SUM, size);
            float[] c = scratch.floats(Scratch.A, rotated);
            float[] s = scratch.floats(Scratch.B, rotated);
            for (long i = from; i < to; i++) {
                // heads run innermost, so that cosines and sines of a row are loaded once
                long head = i % heads;
                long row = i / heads % rows;
                long b = i / heads / rows;
                if (head == 0 || i == from) {
                    Mem.read(cos.data(), cos.at(b, 0, row), c, 0, rotated);
                    Mem.read(sin.data(), sin.at(b, 0, row), s, 0, rotated);
                }
                Mem.read(x.data(), x.at(b, head, row), in, 0, size);
                rotate(in, c, s, rotated >> 1, out);
                System.arraycopy(in, rotated, out, rotated, size - rotated);
                Mem.write(out, 0, size, y.data(), y.at(b, head, row));
            }
        });
    }

    private static void rotate(float[] x, float[] cos, float[] sin, int half, float[] y) {
        for (int i = 0; i < half; i++) {
            y[i] = x[i] * cos[i] - x[i + half] * sin[i];
        }
        for (int i = 0; i < half; i++) {
            y[i + half] = x[i + half] * cos[i + half] + x[i] * sin[i + half];
        }
    }
}
