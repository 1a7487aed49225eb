package dev.decanter.cpu.machine;

import static dev.decanter.cpu.machine.AttentionFields.*;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;

/** Emits the loops of {@link AttentionCode} over heads and rows. */
final class AttentionWalk {
    private static final Gp[] SAVED = {Gp.RBX, Gp.RBP, Gp.R12, Gp.R13, Gp.R14, Gp.R15};

    private AttentionWalk() {}

    /** Returns a routine that runs {@code body} for each tile of {@code rows} rows, of which all registers but rdi are free. */
    static byte[] emit(Assembler a, int rows, Runnable body) {
        begin(a);
        walk(a, rows, body);
        end(a);
        return a.toByteArray();
    }

    private static void begin(Assembler a) {
        for (Gp register : SAVED) {
            a.push(register);
        }
    }

    private static void end(Assembler a) {
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.vector().zeroUpper();
        a.ret();
    }

    /** Loops over heads, outer rows and tiles of inner rows. */
    private static void walk(Assembler a, int rows, Runnable body) {
        Label head = a.label();
        Label outer = a.label();
        Label tile = a.label();
        Label whole = a.label();
        a.bind(head);
        for (Walk walk : WALKS) {
            a.mov(Gp.RAX, Gp.RDI.at(walk.head()));
            a.mov(Gp.RDI.at(walk.outer()), Gp.RAX);
        }
        a.mov(Gp.RAX, Gp.RDI.at(OUTER));
        a.mov(Gp.RDI.at(OUTER_LEFT), Gp.RAX);
        a.bind(outer);
        a.clear(Gp.RAX);
        a.mov(Gp.RDI.at(INNER_AT), Gp.RAX);
        a.bind(tile);
        a.mov(Gp.RAX, Gp.RDI.at(INNER_AT));
        a.mov(Gp.RCX, Gp.RDI.at(INNER));
        a.sub(Gp.RCX, rows);
        a.cmp(Gp.RAX, Gp.RCX);
        a.jump(Condition.LESS_EQUAL, whole);
        a.mov(Gp.RAX, Gp.RCX);
        a.bind(whole);
        for (Walk walk : WALKS) {
            a.mov(Gp.RCX, Gp.RDI.at(walk.innerStep()));
            a.imul(Gp.RCX, Gp.RAX);
            a.mov(Gp.RDX, Gp.RDI.at(walk.outer()));
            a.add(Gp.RCX, Gp.RDX);
            a.mov(Gp.RDI.at(walk.tile()), Gp.RCX);
        }
        body.run();
        a.mov(Gp.RAX, Gp.RDI.at(INNER_AT));
        a.add(Gp.RAX, rows);
        a.mov(Gp.RDI.at(INNER_AT), Gp.RAX);
        a.mov(Gp.RCX, Gp.RDI.at(INNER));
        a.cmp(Gp.RAX, Gp.RCX);
        a.jump(Condition.LESS, tile);
        for (Walk walk : WALKS) {
            advance(a, walk.outer(), walk.outerStep());
        }
        count(a, OUTER_LEFT);
        a.jump(Condition.NOT_EQUAL, outer);
        for (Walk walk : WALKS) {
            advance(a, walk.head(), walk.headStep());
        }
        advance(a, KEY_HEAD, KEY_HEAD_BYTES);
        advance(a, VALUE_HEAD, VALUE_HEAD_BYTES);
        count(a, HEADS);
        a.jump(Condition.NOT_EQUAL, head);
    }

    private static void advance(Assembler a, int at, int step) {
        a.mov(Gp.RAX, Gp.RDI.at(at));
        a.mov(Gp.RCX, Gp.RDI.at(step));
        a.add(Gp.RAX, Gp.RCX);
        a.mov(Gp.RDI.at(at), Gp.RAX);
    }

    private static void count(Assembler a, int left) {
        a.mov(Gp.RAX, Gp.RDI.at(left));
        a.sub(Gp.RAX, 1);
        a.mov(Gp.RDI.at(left), Gp.RAX);
        a.cmp(Gp.RAX, 0);
    }
}
