package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionMode;
import dev.decanter.ir.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Scales and zero points of a weight, by row as they become known, until both have been read out. In the file groups of a
 * weight across its orientation come before its rows.
 */
final class ParameterStore {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** From here on f16 rounds to infinity. */
    private static final float F16_OVERFLOW = 65520;

    private static final int SCALES = 0;
    private static final int ZERO_POINTS = 1;

    private final String name;
    private final CompressionMode mode;
    private final int rows;
    private final int groups;
    private final long inner;
    private final BitSet known = new BitSet();
    private final BitSet readOut = new BitSet(2);
    private float @Nullable [] scales;
    private byte @Nullable [] zeroPoints;

    /** {@code inner}: rows that lie side by side in the file, see {@link WeightLayout}. */
    ParameterStore(String name, CompressionMode mode, int rows, int groups, long inner) {
        this.name = name;
        this.mode = mode;
        this.rows = rows;
        this.groups = groups;
        this.inner = inner;
    }

    /** Keeps what was computed for some rows. */
    synchronized void keep(int row, GroupParameters p) {
        float[] allScales = scales;
        byte[] allZeros = zeroPoints;
        if (allScales == null || allZeros == null) {
            allScales = new float[Math.multiplyExact(rows, groups)];
            allZeros = new byte[mode.hasZeroPoint() ? allScales.length : 0];
            scales = allScales;
            zeroPoints = allZeros;
        }
        for (int i = 0; i < p.scales().length; i++) {
            float scale = p.scales()[i];
            if (mode.scaleType() == ElementType.F16 && !(Math.abs(scale) < F16_OVERFLOW)) {
                throw new CompressionException("layer \"" + name + "\": a scale of " + scale + " in row "
                        + (row + i / groups) + " is beyond f16, in which scales are stored; leave the layer out with"
                        + " --ignored-scope");
            }
            allScales[row * groups + i] = scale;
        }
        for (int i = 0; i < p.zeroPoints().length; i++) {
            allZeros[row * groups + i] = (byte) p.zeroPoints()[i];
        }
        known.set(row, row + p.rows());
    }

    /** The first row of which nothing is known. */
    synchronized int firstUnknownRow() {
        return known.nextClearBit(0);
    }

    /** The first known row after {@code row}. */
    synchronized int endOfUnknownRows(int row) {
        int next = known.nextSetBit(row);
        return next < 0 ? rows : next;
    }

    /** Writes a part of the scales or the zero points, if all rows are known. */
    synchronized boolean read(boolean ofScales, long offset, MemorySegment target) {
        float[] allScales = scales;
        byte[] allZeros = zeroPoints;
        if (known.cardinality() < rows || allScales == null || allZeros == null) {
            return false;
        }
        int bits = ofScales ? mode.scaleType().bits() : mode.bits();
        long first = offset * 8 / bits;
        int count = (int) Math.min(target.byteSize() * 8 / bits, allScales.length - first);
        if (ofScales) {
            for (int i = 0; i < count; i++) {
                write(allScales[place(first + i)], target, i);
            }
        } else {
            byte[] codes = new byte[count];
            for (int i = 0; i < count; i++) {
                codes[i] = allZeros[place(first + i)];
            }
            Packing.pack(codes, 0, count, bits, target, 0);
        }
        if (first + count == allScales.length) {
            finish(ofScales);
        }
        return true;
    }

    private void write(float scale, MemorySegment target, int index) {
        if (mode.scaleType() == ElementType.F16) {
            target.set(SHORT, 2L * index, Float.floatToFloat16(scale));
        } else {
            target.set(ValueLayout.JAVA_BYTE, index, (byte) (Math.getExponent(scale) + 127));
        }
    }

    private int place(long index) {
        long group = index / inner % groups;
        long row = index / inner / groups * inner + index % inner;
        return (int) (row * groups + group);
    }

    /** Lets go of everything once the last has been read, so that a written model does not keep what it computed. */
    private void finish(boolean ofScales) {
        readOut.set(ofScales ? SCALES : ZERO_POINTS);
        if (readOut.get(SCALES) && (readOut.get(ZERO_POINTS) || !mode.hasZeroPoint())) {
            scales = null;
            zeroPoints = null;
            known.clear();
            readOut.clear();
        }
    }
}
