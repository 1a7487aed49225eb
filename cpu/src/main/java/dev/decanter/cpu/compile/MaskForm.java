package dev.decanter.cpu.compile;

import dev.decanter.ir.Output;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What {@link MaskReader} knows of a value of a graph that computes a mask. */
sealed interface MaskForm {
    /**
     * The numbers from {@code start} on, along one axis; other axes have size 1.
     *
     * @param axis counted from the last, which is 0
     */
    record Counting(Size start, Size length, int axis) implements MaskForm {}

    /** {@code factor · rows}. */
    record Multiples(Counting rows, Size factor) implements MaskForm {}

    /** Where {@code keys} of {@code rows} lie in a list of rows of {@code rowLength}. */
    record Places(Counting keys, Counting rows, Size rowLength) implements MaskForm {}

    /** Booleans, false where {@code mask} [rows, keys] of whole numbers is 0. */
    record Present(Output mask) implements MaskForm {}

    /** {@link Present} as a list. */
    record PresentList(Output mask) implements MaskForm {}

    /** Elements of {@link PresentList}, in the order of {@code places}. */
    record Picked(Output mask, Places where, Output places) implements MaskForm {}

    /**
     * Padding of key k of row b is where element {@code b · rowLength + first + k} of {@code mask} is 0 or does not exist.
     *
     * @param rows how many rows the mask has where one may stand for all
     */
    record Padding(Output mask, Size first, Size rowLength, Optional<Size> rows) {}

    /**
     * Booleans for key k and query i, true if {@code i + from <= k < i + until} and k is no padding.
     *
     * @param dims sizes of rows, heads, queries, keys, of which some are 1
     */
    record Seen(List<Size> dims, Optional<Size> from, Optional<Size> until, Optional<Padding> padding)
            implements MaskForm {
        private static final Size ONE = Size.of(1);
        static final int RANK = 4;

        public Seen {
            dims = List.copyOf(dims);
        }

        /** Of size 1 all around, and true. */
        static Seen all() {
            return new Seen(List.of(ONE, ONE, ONE, ONE), Optional.empty(), Optional.empty(), Optional.empty());
        }

        /** With another size along an axis counted from the last. */
        Seen sized(int axis, Size size) {
            List<Size> sizes = new ArrayList<>(dims);
            sizes.set(RANK - 1 - axis, size);
            return new Seen(sizes, from, until, padding);
        }

        Size rows() {
            return dims.get(0);
        }

        Size queries() {
            return dims.get(2);
        }

        Size keys() {
            return dims.get(3);
        }

        /** Where both are true, if that can be said. */
        Optional<Seen> and(Seen other) {
            Optional<List<Size>> sizes = broadcast(dims, other.dims);
            boolean fits = sizes.isPresent()
                    && one(from, other.from)
                    && one(until, other.until)
                    && one(padding, other.padding);
            return fits
                    ? Optional.of(new Seen(
                            sizes.get(), from.or(other::from), until.or(other::until), padding.or(other::padding)))
                    : Optional.empty();
        }

        private static <T> boolean one(Optional<T> a, Optional<T> b) {
            return a.isEmpty() || b.isEmpty() || a.equals(b);
        }

        /** Broadcast to other sizes; a size of 1 among them stands for any if {@code mutual}. */
        Optional<Seen> broadcast(List<Size> target, boolean mutual) {
            return broadcast(dims, target)
                    .filter(sizes -> mutual || sizes.equals(target))
                    .map(sizes -> new Seen(sizes, from, until, padding));
        }

        private static Optional<List<Size>> broadcast(List<Size> a, List<Size> b) {
            if (a.size() != RANK || b.size() != RANK) {
                return Optional.empty();
            }
            List<Size> sizes = new ArrayList<>();
            for (int i = 0; i < RANK; i++) {
                Size x = a.get(i);
                Size y = b.get(i);
                if (!x.equals(y) && !x.is(1) && !y.is(1)) {
                    return Optional.empty();
                }
                sizes.add(x.is(1) ? y : x);
            }
            return Optional.of(sizes);
        }
    }

    /**
     * 0 where {@code seen} is true, {@code hidden} elsewhere.
     *
     * @param cut where there are no more keys, if not before
     */
    record Added(Seen seen, float hidden, Optional<Size> cut) implements MaskForm {
        Added(Seen seen, float hidden) {
            this(seen, hidden, Optional.empty());
        }
    }

    /** The same number everywhere. */
    record Full(float number, List<Size> dims) implements MaskForm {
        public Full {
            dims = List.copyOf(dims);
        }
    }

    /** 1 where {@code seen} is true, 0 elsewhere. */
    record Ones(Seen seen) implements MaskForm {}

    /** The numbers of {@code mask} [rows, keys], as [rows, 1, 1, keys]. */
    record Marks(Output mask) implements MaskForm {}

    /** True where {@code mask} and {@code padding} are 0, and perhaps where the mask is not. */
    record Gone(Added mask, Output padding) implements MaskForm {}
}
