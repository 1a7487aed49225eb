package dev.decanter.genai;

/**
 * The generator MT19937 (Matsumoto and Nishimura 1998), the one that OpenVINO GenAI draws from, so that a seed gives the
 * same numbers here.
 */
final class MersenneTwister {
    private static final int N = 624;
    private static final int M = 397;

    private final int[] state = new int[N];
    private int index = N;

    MersenneTwister(long seed) {
        state[0] = (int) seed;
        for (int i = 1; i < N; i++) {
            state[i] = 1812433253 * (state[i - 1] ^ state[i - 1] >>> 30) + i;
        }
    }

    /** The next 32 bits. */
    int next() {
        if (index == N) {
            twist();
        }
        int y = state[index++];
        y ^= y >>> 11;
        y ^= y << 7 & 0x9d2c5680;
        y ^= y << 15 & 0xefc60000;
        return y ^ y >>> 18;
    }

    private void twist() {
        for (int i = 0; i < N; i++) {
            int y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
            state[i] = state[(i + M) % N] ^ y >>> 1 ^ ((y & 1) == 0 ? 0 : 0x9908b0df);
        }
        index = 0;
    }

    /** Uniform in [0, 1), as {@code std::uniform_real_distribution<float>} of libstdc++ draws it from one number. */
    float uniform() {
        float value = Integer.toUnsignedLong(next()) * 0x1p-32f;
        return value < 1 ? value : Math.nextDown(1f);
    }
}
