package dev.decanter.compress.aware;

/**
 * The innermost loop of a matrix product: a block of {@link #rows()} x {@link #columns()} sums that stays in registers.
 * Operands are packed, so that both are read from front to back.
 */
interface Tile {
    String VECTOR_MODULE = "jdk.incubator.vector";

    /** Rows of the left operand that a call takes. */
    int rows();

    /** Columns of the right operand that a call takes. */
    int columns();

    /**
     * Adds the product of {@code a} [depth, rows] (a column of the left operand after the other) and {@code b} [depth,
     * columns] to {@code c}, whose rows lie {@code stride} apart.
     */
    void add(int depth, float[] a, int aStart, float[] b, int bStart, float[] c, int cStart, int stride);

    /** The tile for this machine: with vectors where the module is there, else plain loops. */
    static Tile best() {
        boolean vectors = ModuleLayer.boot()
                .findModule(VECTOR_MODULE)
                .map(Tile.class.getModule()::canRead)
                .orElse(false);
        return vectors ? new VectorTile() : new ScalarTile();
    }
}
