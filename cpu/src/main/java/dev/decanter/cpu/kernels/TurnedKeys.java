package dev.decanter.cpu.kernels;

/** Keys that were turned once for all blocks of queries: f32 [B, heads, pages, size, {@link Paged#ROWS}]. */
final class TurnedKeys implements HeadRows {
    private static final int ROWS = Paged.ROWS;

    private final float[] data;
    private final int heads;
    private final int pages;
    private final int size;

    private TurnedKeys(float[] data, int heads, int pages, int size) {
        this.data = data;
        this.heads = heads;
        this.pages = pages;
        this.size = size;
    }

    /** Turns {@code keys} rows of every head into {@code data}, which has room for whole pages. */
    static TurnedKeys of(ThreadTeam team, HeadRows rows, int batch, int heads, int keys, int size, float[] data) {
        TurnedKeys turned = new TurnedKeys(data, heads, Math.ceilDiv(keys, ROWS), size);
        team.run(batch * heads * turned.pages, task -> {
            int head = task / turned.pages;
            int first = task % turned.pages * ROWS;
            int n = Math.min(ROWS, keys - first);
            float[] strip = Scratch.current().floats(Scratch.STRIP, ROWS * size);
            rows.read(head / heads, head % heads, first, n, size, strip, size);
            PageLayout.turn(strip, size, n, size, data, task * ROWS * size, ROWS);
        });
        return turned;
    }

    /** Returns the floats that {@link #of} needs. */
    static long room(int batch, int heads, int keys, int size) {
        return (long) batch * heads * Math.ceilDiv(keys, ROWS) * ROWS * size;
    }

    private int at(int batch, int head, int first) {
        return ((batch * heads + head) * pages + first / ROWS) * ROWS * size;
    }

    @Override
    public void read(int batch, int head, int first, int n, int size, float[] target, int step) {
        int at = at(batch, head, first);
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < size; c++) {
                target[i * step + c] = data[at + c * ROWS + i];
            }
        }
    }

    @Override
    public void columns(int batch, int head, int first, int n, int size, float[] target) {
        System.arraycopy(data, at(batch, head, first), target, 0, ROWS * size);
    }
}
