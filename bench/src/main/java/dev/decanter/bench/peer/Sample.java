package dev.decanter.bench.peer;

/**
 * One measured value.
 *
 * @param engine name of the engine
 * @param figure what was measured
 * @param pair which of the rounds, in which every engine has its turn
 * @param value in the figure's unit
 * @param othersCores cores that other processes kept busy meanwhile
 */
record Sample(String engine, Figure figure, int pair, double value, double othersCores) {
    /** Others kept less of the machine busy than that, or the sample does not count. */
    static final double QUIET_CORES = 0.1;

    boolean quiet() {
        return othersCores < QUIET_CORES;
    }

    /**
     * What is measured.
     *
     * @param name for people
     * @param unit of its values
     */
    record Figure(String name, String unit) {
        private static final String SPEED = "tok/s";

        static Figure prefill(int tokens) {
            return new Figure("prefill " + tokens, SPEED);
        }

        static Figure decode(int context) {
            return new Figure("decode after " + context, SPEED);
        }

        static Figure firstToken(boolean cached) {
            return new Figure("first token, " + (cached ? "cache warm" : "no cache"), "s");
        }
    }
}
