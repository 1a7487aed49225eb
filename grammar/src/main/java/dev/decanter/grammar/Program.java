package dev.decanter.grammar;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;

/**
 * A grammar as positions of an automaton, ready to run.
 */
final class Program {
    private final Position start;
    private final int positions;
    private final byte[] classes = new byte[256];
    private final int classCount;

    /** Takes positions of which no target is missing any more. */
    Program(Position start, List<Position> positions) {
        this.start = start;
        this.positions = positions.size();
        computeCosts(positions);
        boolean[] first = new boolean[257];
        first[0] = true;
        for (Position position : positions) {
            for (int i = 0; i < position.low.length; i++) {
                first[position.low[i]] = true;
                first[position.high[i] + 1] = true;
            }
        }
        int count = -1;
        for (int value = 0; value < 256; value++) {
            count += first[value] ? 1 : 0;
            classes[value] = (byte) count;
        }
        classCount = count + 1;
    }

    /** Passes over all positions until nothing falls any more; targets are mostly made before what leads to them. */
    private static void computeCosts(List<Position> positions) {
        // Dependents by index, so that a fall is followed up and nothing else is looked at again.
        int[][] dependents = new int[positions.size()][];
        int[] counts = new int[positions.size()];
        for (Position position : positions) {
            for (Position target : position.targets) {
                counts[target.index]++;
            }
        }
        Arrays.setAll(dependents, i -> new int[counts[i]]);
        for (Position position : positions) {
            for (Position target : position.targets) {
                dependents[target.index][--counts[target.index]] = position.index;
            }
        }
        ArrayDeque<Position> open = new ArrayDeque<>(positions);
        boolean[] waiting = new boolean[positions.size()];
        Arrays.fill(waiting, true);
        while (!open.isEmpty()) {
            Position position = open.poll();
            waiting[position.index] = false;
            int cost = position.computeCost();
            if (cost < position.cost) {
                position.cost = cost;
                for (int dependent : dependents[position.index]) {
                    if (!waiting[dependent]) {
                        waiting[dependent] = true;
                        open.add(positions.get(dependent));
                    }
                }
            }
        }
    }

    Position start() {
        return start;
    }

    /** Number of positions. */
    int size() {
        return positions;
    }

    /** Bytes that no position tells apart have one class. */
    int classOf(int value) {
        return classes[value] & 0xFF;
    }

    int classes() {
        return classCount;
    }
}
