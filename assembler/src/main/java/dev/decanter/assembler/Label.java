package dev.decanter.assembler;

import java.util.ArrayList;
import java.util.List;

/** A place in the code that jumps go to; made by {@link Assembler#label}, placed by {@link Assembler#bind}. */
public final class Label {
    static final int UNBOUND = -1;

    private int position = UNBOUND;
    private final List<Integer> uses = new ArrayList<>();

    Label() {}

    int position() {
        return position;
    }

    void bind(int at) {
        position = at;
    }

    /** Places of 32-bit distances that wait for the position. */
    List<Integer> uses() {
        return uses;
    }
}
