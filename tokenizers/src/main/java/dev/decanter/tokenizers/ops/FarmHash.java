package dev.decanter.tokenizers.ops;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** FarmHash's 64-bit hash of its portable variant ("na"), which TensorFlow's StringToHashBucketFast is defined by. */
final class FarmHash {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long K0 = 0xC3A5C85C97CB3127L;
    private static final long K1 = 0xB492B66FBE98F273L;
    private static final long K2 = 0x9AE16A3B2F90404FL;
    private static final long SEED = 81;

    private FarmHash() {}

    private static long fetch(byte[] text, int at) {
        return (long) LONGS.get(text, at);
    }

    private static long fetch32(byte[] text, int at) {
        return (int) INTS.get(text, at) & 0xFFFF_FFFFL;
    }

    private static long rotate(long value, int by) {
        return Long.rotateRight(value, by);
    }

    private static long shiftMix(long value) {
        return value ^ value >>> 47;
    }

    private static long mix(long u, long v, long multiplier) {
        long a = shiftMix((u ^ v) * multiplier);
        return shiftMix((v ^ a) * multiplier) * multiplier;
    }

    /** The hash of bytes {@code from} to {@code to}. */
    static long hash(byte[] text, int from, int to) {
        int length = to - from;
        if (length <= 16) {
            return upTo16(text, from, length);
        }
        if (length <= 32) {
            return upTo32(text, from, length);
        }
        return length <= 64 ? upTo64(text, from, length) : longer(text, from, length);
    }

    private static long upTo16(byte[] text, int at, int length) {
        long multiplier = K2 + length * 2L;
        if (length >= 8) {
            long a = fetch(text, at) + K2;
            long b = fetch(text, at + length - 8);
            long c = rotate(b, 37) * multiplier + a;
            long d = (rotate(a, 25) + b) * multiplier;
            return mix(c, d, multiplier);
        }
        if (length >= 4) {
            long a = fetch32(text, at);
            return mix(length + (a << 3), fetch32(text, at + length - 4), multiplier);
        }
        if (length > 0) {
            int y = (text[at] & 0xFF) + ((text[at + (length >> 1)] & 0xFF) << 8);
            int z = length + ((text[at + length - 1] & 0xFF) << 2);
            return shiftMix(y * K2 ^ z * K0) * K2;
        }
        return K2;
    }

    private static long upTo32(byte[] text, int at, int length) {
        long multiplier = K2 + length * 2L;
        long a = fetch(text, at) * K1;
        long b = fetch(text, at + 8);
        long c = fetch(text, at + length - 8) * multiplier;
        long d = fetch(text, at + length - 16) * K2;
        return mix(rotate(a + b, 43) + rotate(c, 30) + d, a + rotate(b + K2, 18) + c, multiplier);
    }

    private static long upTo64(byte[] text, int at, int length) {
        long multiplier = K2 + length * 2L;
        long a = fetch(text, at) * K2;
        long b = fetch(text, at + 8);
        long c = fetch(text, at + length - 8) * multiplier;
        long d = fetch(text, at + length - 16) * K2;
        long y = rotate(a + b, 43) + rotate(c, 30) + d;
        long z = mix(y, a + rotate(b + K2, 18) + c, multiplier);
        long e = fetch(text, at + 16) * multiplier;
        long f = fetch(text, at + 24);
        long g = (y + fetch(text, at + length - 32)) * multiplier;
        long h = (z + fetch(text, at + length - 24)) * multiplier;
        return mix(rotate(e + f, 43) + rotate(g, 30) + h, e + rotate(f + a, 18) + g, multiplier);
    }

    /** Two numbers that 32 bytes are mixed into. */
    private static final class Pair {
        long first;
        long second;

        void mixIn(byte[] text, int at, long seedA, long seedB) {
            long a = seedA + fetch(text, at);
            long b = rotate(seedB + a + fetch(text, at + 24), 21);
            long c = a;
            a += fetch(text, at + 8);
            a += fetch(text, at + 16);
            b += rotate(a, 44);
            first = a + fetch(text, at + 24);
            second = b + c;
        }
    }

    private static long longer(byte[] text, int from, int length) {
        long x = SEED;
        long y = x * K1 + 113;
        long z = shiftMix(y * K2 + 113) * K2;
        x = x * K2 + fetch(text, from);
        Pair v = new Pair();
        Pair w = new Pair();
        int at = from;
        int end = from + (length - 1) / 64 * 64;
        do {
            x = rotate(x + y + v.first + fetch(text, at + 8), 37) * K1 ^ w.second;
            y = rotate(y + v.second + fetch(text, at + 48), 42) * K1 + v.first + fetch(text, at + 40);
            z = rotate(z + w.first, 33) * K1;
            v.mixIn(text, at, v.second * K1, x + w.first);
            w.mixIn(text, at + 32, z + w.second, y + fetch(text, at + 16));
            long old = z;
            z = x;
            x = old;
            at += 64;
        } while (at != end);
        long multiplier = K1 + ((z & 0xFF) << 1);
        int rest = length - 1 & 63;
        at = end + rest - 63;
        w.first += rest;
        v.first += w.first;
        w.first += v.first;
        x = rotate(x + y + v.first + fetch(text, at + 8), 37) * multiplier ^ w.second * 9;
        y = rotate(y + v.second + fetch(text, at + 48), 42) * multiplier + v.first * 9 + fetch(text, at + 40);
        z = rotate(z + w.first, 33) * multiplier;
        v.mixIn(text, at, v.second * multiplier, x + w.first);
        w.mixIn(text, at + 32, z + w.second, y + fetch(text, at + 16));
        return mix(
                mix(v.first, w.first, multiplier) + shiftMix(y) * K0 + x,
                mix(v.second, w.second, multiplier) + z,
                multiplier);
    }
}
