package dev.decanter.compress.weights;

/** The innermost loops of quantization: over the elements of a group. */
interface Kernel {
    /** Added to a small float, it leaves the rounded number (halves to even) in the low bits: 1.5 · 2²³. */
    float ROUND = 12582912f;

    /** The least and the largest of some elements, into {@code out[0]} and {@code out[1]}; NaN if there is one. */
    void extremes(float[] w, int from, int length, float[] out);

    /** {@code clip(round(w / scale + zero), low, high)}. */
    void integers(float[] w, int from, int length, float scale, float zero, int low, int high, byte[] codes);

    /** How many of the borders {@code w / scale} is above. */
    void steps(float[] w, int from, int length, float scale, float[] borders, byte[] codes);

    /** {@link FloatCodes#f4e2m1} of {@code w / scale}. */
    void f4e2m1(float[] w, int from, int length, float scale, byte[] codes);

    /** {@link FloatCodes#f8e4m3} of {@code w / scale}. */
    void f8e4m3(float[] w, int from, int length, float scale, byte[] codes);

    /** For this machine: with vectors where the module is there, else plain loops. */
    static Kernel best() {
        boolean vectors = ModuleLayer.boot()
                .findModule("jdk.incubator.vector")
                .map(Kernel.class.getModule()::canRead)
                .orElse(false);
        return vectors ? new VectorKernel() : new ScalarKernel();
    }
}
