package dev.decanter.tokenizers.ops;

import java.util.Arrays;

/** A growing array of ints. */
public final class Ints {
    private int[] values;
    private int size;

    public Ints(int capacity) {
        values = new int[Math.max(8, capacity)];
    }

    public void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
        }
        values[size++] = value;
    }

    void addAll(int[] more) {
        reserve(more.length);
        System.arraycopy(more, 0, values, size, more.length);
        size += more.length;
    }

    private void reserve(int more) {
        if (values.length - size < more) {
            values = Arrays.copyOf(values, Math.max(2 * values.length, size + more));
        }
    }

    public int get(int index) {
        return values[index];
    }

    void set(int index, int value) {
        values[index] = value;
    }

    public int size() {
        return size;
    }

    void size(int newSize) {
        size = newSize;
    }

    void clear() {
        size = 0;
    }

    /** Turns the elements from {@code from} to the end around. */
    void reverse(int from) {
        for (int low = from, high = size - 1; low < high; low++, high--) {
            int value = values[low];
            values[low] = values[high];
            values[high] = value;
        }
    }

    int[] copy(int from, int to) {
        return Arrays.copyOfRange(values, from, to);
    }

    public int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
