package dev.decanter.runtime;

import java.util.OptionalDouble;

/**
 * What a device's hardware was measured to do, to hold what a model reaches against.
 *
 * @param threads how many threads took part
 * @param readBytesPerSecond memory read by all of them, far more of it than caches hold
 * @param floatOperationsPerSecond additions and multiplications of f32 in registers, two for each multiply-add
 * @param byteOperationsPerSecond the same for products of bytes added in 32 bits, by the instructions that the device's kernels use;
 *     empty if they have none for that
 */
public record DeviceLimits(
        int threads,
        double readBytesPerSecond,
        double floatOperationsPerSecond,
        OptionalDouble byteOperationsPerSecond) {}
