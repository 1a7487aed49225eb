package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.runtime.DeviceLimits;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What was reached of what the hardware can do: memory read while decoding, products with weights while the prompt was computed.
 *
 * @param work of the model
 * @param limits measured on the device; empty if it has none
 * @param promptTokens length of the prompt
 * @param newTokens how many tokens followed
 * @param firstTokenMs time for the prompt
 * @param decodeTokensPerSecond negative if nothing was decoded
 */
record HardwareShare(
        ModelWork work,
        Optional<DeviceLimits> limits,
        int promptTokens,
        int newTokens,
        double firstTokenMs,
        double decodeTokensPerSecond) {
    private static final double GIGA = 1e9;

    /** GB a second, with the mean length of the sequence; empty if nothing was decoded. */
    OptionalDouble readGigabytes() {
        return decodeTokensPerSecond < 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(bytesPerToken() * decodeTokensPerSecond / GIGA);
    }

    private double bytesPerToken() {
        return work.bytesPerToken(promptTokens + newTokens / 2.0);
    }

    /** Billions of multiplications and additions a second. */
    double operations() {
        return work.promptOperations(promptTokens) * 1000 / firstTokenMs / GIGA;
    }

    /** Of products of bytes for weights that are integers, where the device has such; else of f32. */
    private static double operationLimit(ModelWork work, DeviceLimits limits) {
        return (bytes(work, limits)
                        ? limits.byteOperationsPerSecond().getAsDouble()
                        : limits.floatOperationsPerSecond())
                / GIGA;
    }

    private static boolean bytes(ModelWork work, DeviceLimits limits) {
        return work.integers() && limits.byteOperationsPerSecond().isPresent();
    }

    /** {@code 12.3 GB/s at decode, 51 % of the 24.1 GB/s that 2 threads read …}. */
    Optional<String> readText() {
        if (readGigabytes().isEmpty()) {
            return Optional.empty();
        }
        double reached = readGigabytes().getAsDouble();
        String share = limits.map(limit -> String.format(
                        Locale.ROOT,
                        ", %.0f %% of the %.1f GB/s that %d threads read",
                        100 * reached * GIGA / limit.readBytesPerSecond(),
                        limit.readBytesPerSecond() / GIGA,
                        limit.threads()))
                .orElse("");
        return Optional.of(String.format(
                Locale.ROOT,
                "%.1f GB/s at decode (%s a token)%s",
                reached,
                Quantity.bytes(Math.round(bytesPerToken())),
                share));
    }

    /** {@code 640 GOPS at prefill, 37 % of the …}. */
    String operationsText() {
        String share = limits.map(limit -> String.format(
                        Locale.ROOT,
                        ", %.0f %% of the %.0f GOPS of %s that %d threads do",
                        100 * operations() / operationLimit(work, limit),
                        operationLimit(work, limit),
                        bytes(work, limit) ? "bytes" : "f32",
                        limit.threads()))
                .orElse("");
        return String.format(Locale.ROOT, "%.0f GOPS at prefill%s", operations(), share);
    }

    /** Adds what was reached and the limits; shares are fractions of 1. */
    void addTo(ObjectNode root) {
        readGigabytes().ifPresent(value -> root.put("decode_gb_per_s", value));
        root.put("prefill_gops", operations());
        limits.ifPresent(limit -> {
            ObjectNode node = root.putObject("limits")
                    .put("threads", limit.threads())
                    .put("read_gb_per_s", limit.readBytesPerSecond() / GIGA)
                    .put("f32_gops", limit.floatOperationsPerSecond() / GIGA);
            limit.byteOperationsPerSecond().ifPresent(value -> node.put("byte_gops", value / GIGA));
            readGigabytes()
                    .ifPresent(value -> root.put("decode_read_share", value * GIGA / limit.readBytesPerSecond()));
            root.put("prefill_operations_share", operations() / operationLimit(work, limit));
        });
    }
}
