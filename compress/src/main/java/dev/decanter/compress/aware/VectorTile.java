package dev.decanter.compress.aware;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Tile} of four rows by three vectors. Twelve sums hide the latency of the multiply-add and, with three vectors of
 * the right operand and one factor, just fit the sixteen registers of AVX2.
 */
final class VectorTile implements Tile {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int ROWS = 4;
    private static final int COLUMNS = 3 * LANES;

    @Override
    public int rows() {
        return ROWS;
    }

    @Override
    public int columns() {
        return COLUMNS;
    }

    @Override
    public void add(int depth, float[] a, int aStart, float[] b, int bStart, float[] c, int cStart, int stride) {
        FloatVector c00 = FloatVector.zero(SPECIES);
        FloatVector c01 = c00;
        FloatVector c02 = c00;
        FloatVector c10 = c00;
        FloatVector c11 = c00;
        FloatVector c12 = c00;
        FloatVector c20 = c00;
        FloatVector c21 = c00;
        FloatVector c22 = c00;
        FloatVector c30 = c00;
        FloatVector c31 = c00;
        FloatVector c32 = c00;
        for (int p = 0; p < depth; p++) {
            int at = bStart + p * COLUMNS;
            FloatVector b0 = FloatVector.fromArray(SPECIES, b, at);
            FloatVector b1 = FloatVector.fromArray(SPECIES, b, at + LANES);
            FloatVector b2 = FloatVector.fromArray(SPECIES, b, at + 2 * LANES);
            int from = aStart + p * ROWS;
            FloatVector factor = FloatVector.broadcast(SPECIES, a[from]);
            c00 = factor.fma(b0, c00);
            c01 = factor.fma(b1, c01);
            c02 = factor.fma(b2, c02);
            factor = FloatVector.broadcast(SPECIES, a[from + 1]);
            c10 = factor.fma(b0, c10);
            c11 = factor.fma(b1, c11);
            c12 = factor.fma(b2, c12);
            factor = FloatVector.broadcast(SPECIES, a[from + 2]);
            c20 = factor.fma(b0, c20);
            c21 = factor.fma(b1, c21);
            c22 = factor.fma(b2, c22);
            factor = FloatVector.broadcast(SPECIES, a[from + 3]);
            c30 = factor.fma(b0, c30);
            c31 = factor.fma(b1, c31);
            c32 = factor.fma(b2, c32);
        }
        store(c, cStart, c00, c01, c02);
        store(c, cStart + stride, c10, c11, c12);
        store(c, cStart + 2 * stride, c20, c21, c22);
        store(c, cStart + 3 * stride, c30, c31, c32);
    }

    private static void store(float[] c, int at, FloatVector first, FloatVector second, FloatVector third) {
        first.add(FloatVector.fromArray(SPECIES, c, at)).intoArray(c, at);
        second.add(FloatVector.fromArray(SPECIES, c, at + LANES)).intoArray(c, at + LANES);
        third.add(FloatVector.fromArray(SPECIES, c, at + 2 * LANES)).intoArray(c, at + 2 * LANES);
    }
}
