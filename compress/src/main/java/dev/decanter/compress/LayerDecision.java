package dev.decanter.compress;

/**
 * What was decided for one weight.
 *
 * @param layer name of the layer that has it
 * @param weight name of the constant
 * @param label {@code int4_asym, group size 128}, {@code int8_asym, per-channel} or {@code float}
 * @param bits bits of a stored element; 32 where it stays float, whatever its type
 * @param elements number of elements
 * @param ratioDefining whether the ratio counts it
 */
public record LayerDecision(
        String layer, String weight, String label, int bits, long elements, boolean ratioDefining) {}
