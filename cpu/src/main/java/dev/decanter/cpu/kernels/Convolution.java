package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Convolution {@code y[n, g·O + o, p] = Σ x[n, g·C + c, place(p, tap)] · W[g, o, c, tap]} as a product: what the kernel
 * sees at a point is laid out as a row, and many rows are multiplied by the weight at once, by {@link Linear} or {@link
 * Int8Linear}.
 */
public final class Convolution {
    /** Elements of rows that are laid out at once; they stay in the second-level cache. */
    private static final int PATCHES = 1 << 19;

    private static final int LEAST_ROWS = 16;
    private static final int CHANNELS = 8;

    private Convolution() {}

    /**
     * Where data and result lie, and their sizes.
     *
     * @param window how the kernel moves
     * @param batch N
     * @param channels C, input channels of a group
     * @param outputs O, output channels of a group
     * @param x data [N, G·C, plane], f32 or codes
     * @param y receives f32 [N, G·O, points]
     */
    public record Operands(Window window, int batch, int channels, int outputs, MemorySegment x, MemorySegment y) {
        /** Elements that an output sums over. */
        private int depth() {
            return Math.multiplyExact(channels, window.taps());
        }

        /** Rows laid out at once. */
        private int rows() {
            return Math.min(window.points(), Math.max(LEAST_ROWS, Math.min(Linear.TOKENS, PATCHES / depth())));
        }
    }

    /**
     * What taps see at some points, as {@link Window#places} has it, and the part of a plane that holds all of it.
     *
     * @param from first element of the part
     * @param size its length
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Places(int[] of, int taps, int count, int from, int size) {
        static Places of(Window window, int first, int count) {
            int[] places = window.places(first, count);
            int from = Integer.MAX_VALUE;
            int last = -1;
            for (int place : places) {
                from = place < 0 ? from : Math.min(from, place);
                last = Math.max(last, place);
            }
            return new Places(places, window.taps(), count, last < 0 ? 0 : from, last < 0 ? 0 : last - from + 1);
        }
    }

    /**
     * Convolves f32 data.
     *
     * @param groups the weight of each group, [O, C·taps]
     */
    public static void apply(ThreadTeam team, Operands o, List<PackedWeights> groups) {
        int depth = o.depth();
        float[] patches = Scratch.current().floats(Scratch.PATCHES, (long) o.rows() * depth);
        MemorySegment rows = MemorySegment.ofArray(patches);
        Layout layout = (plane, places, column) -> {
            float[] line = Scratch.current().floats(Scratch.A, places.size);
            Mem.read(o.x, (plane * o.window.plane() + places.from) * Float.BYTES, line, 0, places.size);
            for (int p = 0; p < places.count; p++) {
                for (int t = 0; t < places.taps; t++) {
                    int place = places.of[p * places.taps + t];
                    patches[p * depth + column + t] = place < 0 ? 0 : line[place - places.from];
                }
            }
        };
        run(team, o, groups.size(), layout, (group, count, products) -> {
            Linear.apply(team, groups.get(group), rows, 0, depth, count, products, 0, o.outputs);
        });
    }

    /**
     * Convolves codes, around which lie codes of 0.
     *
     * @param groups the weight of each group, [O, C·taps]
     * @param scalings what is done to the sums of each group
     */
    public static void apply(ThreadTeam team, Operands o, List<Int8Weights> groups, List<Int8Linear.Scaling> scalings) {
        int depth = o.depth();
        byte[] patches = Scratch.current().patches(Math.multiplyExact(o.rows(), depth));
        MemorySegment rows = MemorySegment.ofArray(patches);
        byte zero = (byte) scalings.getFirst().zero();
        Layout layout = (plane, places, column) -> {
            byte[] line = Scratch.current().bytes(places.size);
            MemorySegment.copy(o.x, Mem.I8, plane * o.window.plane() + places.from, line, 0, places.size);
            for (int p = 0; p < places.count; p++) {
                for (int t = 0; t < places.taps; t++) {
                    int place = places.of[p * places.taps + t];
                    patches[p * depth + column + t] = place < 0 ? zero : line[place - places.from];
                }
            }
        };
        run(team, o, groups.size(), layout, (group, count, products) -> {
            Int8Linear.apply(
                    team, groups.get(group), scalings.get(group), rows, 0, depth, count, products, 0, o.outputs);
        });
    }

    /** Lays what a channel's taps see into rows, from a column on. */
    private interface Layout {
        void lay(long plane, Places places, int column);
    }

    /** Multiplies rows by a group's weight. */
    private interface Product {
        void multiply(int group, int count, MemorySegment products);
    }

    private static void run(ThreadTeam team, Operands o, int groups, Layout layout, Product product) {
        int points = o.window.points();
        float[] products = Scratch.current().floats(Scratch.PRODUCTS, (long) o.rows() * o.outputs);
        MemorySegment to = MemorySegment.ofArray(products);
        for (int first = 0; first < points; first += o.rows()) {
            int start = first;
            int count = Math.min(o.rows(), points - first);
            Places places = Places.of(o.window, first, count);
            for (int i = 0; i < o.batch * groups; i++) {
                long plane = (long) i * o.channels;
                team.runRange(o.channels, CHANNELS, (from, end) -> {
                    for (long c = from; c < end; c++) {
                        layout.lay(plane + c, places, (int) c * places.taps);
                    }
                });
                product.multiply(i % groups, count, to);
                long out = (long) i * o.outputs;
                team.runRange(o.outputs, CHANNELS, (from, end) -> {
                    float[] line = Scratch.current().floats(Scratch.A, count);
                    for (int channel = (int) from; channel < end; channel++) {
                        for (int p = 0; p < count; p++) {
                            line[p] = products[p * o.outputs + channel];
                        }
                        Mem.write(line, 0, count, o.y, ((out + channel) * points + start) * Float.BYTES);
                    }
                });
            }
        }
    }
}
