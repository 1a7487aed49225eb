package dev.decanter.compress.weights;

/** {@link Kernel} in plain loops. */
final class ScalarKernel implements Kernel {
    @Override
    public void extremes(float[] w, int from, int length, float[] out) {
        float min = w[from];
        float max = w[from];
        for (int i = from; i < from + length; i++) {
            min = Math.min(min, w[i]);
            max = Math.max(max, w[i]);
        }
        out[0] = min;
        out[1] = max;
    }

    @Override
    public void integers(float[] w, int from, int length, float scale, float zero, int low, int high, byte[] codes) {
        for (int i = from; i < from + length; i++) {
            float level = Math.max(low, Math.min(high, w[i] / scale + zero));
            codes[i] = (byte) Float.floatToRawIntBits(level + ROUND);
        }
    }

    @Override
    public void steps(float[] w, int from, int length, float scale, float[] borders, byte[] codes) {
        for (int i = from; i < from + length; i++) {
            float value = w[i] / scale;
            int code = 0;
            for (float border : borders) {
                code += value > border ? 1 : 0;
            }
            codes[i] = (byte) code;
        }
    }

    @Override
    public void f4e2m1(float[] w, int from, int length, float scale, byte[] codes) {
        for (int i = from; i < from + length; i++) {
            codes[i] = FloatCodes.f4e2m1(w[i] / scale);
        }
    }

    @Override
    public void f8e4m3(float[] w, int from, int length, float scale, byte[] codes) {
        for (int i = from; i < from + length; i++) {
            codes[i] = FloatCodes.f8e4m3(w[i] / scale);
        }
    }
}
