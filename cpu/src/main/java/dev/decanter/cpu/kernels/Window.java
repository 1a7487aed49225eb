package dev.decanter.cpu.kernels;

import java.util.Arrays;

/**
 * How a convolution's kernel moves over a plane of one to three dimensions: which element each tap sees at each point of
 * the result.
 */
public final class Window {
    private static final int RANK = 3;

    private final int[] in = ones();
    private final int[] out = ones();
    private final int[] kernel = ones();
    private final int[] strides = ones();
    private final int[] dilations = ones();
    private final int[] pads = new int[RANK];

    /**
     * A window, all arrays of the same length.
     *
     * @param in sizes of the plane
     * @param out sizes of the result's plane
     * @param kernel taps
     * @param strides elements from point to point
     * @param dilations elements from tap to tap
     * @param pads elements that are thought to lie before the plane
     */
    public Window(long[] in, long[] out, long[] kernel, long[] strides, long[] dilations, long[] pads) {
        if (in.length < 1 || in.length > RANK) {
            throw new IllegalArgumentException("no convolution of " + in.length + " dimensions");
        }
        place(in, this.in);
        place(out, this.out);
        place(kernel, this.kernel);
        place(strides, this.strides);
        place(dilations, this.dilations);
        place(pads, this.pads);
    }

    private static int[] ones() {
        int[] ones = new int[RANK];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static void place(long[] from, int[] to) {
        for (int i = 1; i <= from.length; i++) {
            to[RANK - i] = Math.toIntExact(from[from.length - i]);
        }
    }

    private static int product(int[] values) {
        return Math.multiplyExact(Math.multiplyExact(values[0], values[1]), values[2]);
    }

    /** Returns the elements of a plane. */
    public int plane() {
        return product(in);
    }

    /** Returns the points of a plane of the result. */
    public int points() {
        return product(out);
    }

    /** Returns the taps of a kernel. */
    public int taps() {
        return product(kernel);
    }

    /** The element of the plane that each tap sees at points {@code [first, first + count)}, −1 for padding; by point. */
    int[] places(int first, int count) {
        int[] places = new int[Math.multiplyExact(count, taps())];
        int next = 0;
        for (int point = first; point < first + count; point++) {
            int z = point / (out[1] * out[2]) * strides[0] - pads[0];
            int y = point / out[2] % out[1] * strides[1] - pads[1];
            int x = point % out[2] * strides[2] - pads[2];
            for (int i = 0; i < kernel[0]; i++) {
                int plane = z + i * dilations[0];
                for (int j = 0; j < kernel[1]; j++) {
                    int row = y + j * dilations[1];
                    boolean inside = plane >= 0 && plane < in[0] && row >= 0 && row < in[1];
                    int start = (plane * in[1] + row) * in[2];
                    for (int k = 0; k < kernel[2]; k++) {
                        int column = x + k * dilations[2];
                        places[next++] = inside && column >= 0 && column < in[2] ? start + column : -1;
                    }
                }
            }
        }
        return places;
    }
}
