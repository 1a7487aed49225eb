package dev.decanter.compress.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionMode;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The bytes of compressed constants, in every orientation, against the formulas and the packing done by hand. */
class CompressedWeightTest {
    /** A shape, the axes that rows run over, and whether these can be cut into groups of 4. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Case(long[] shape, List<Integer> reduced, boolean grouped) {}

    private static final List<Case> CASES = List.of(
            new Case(new long[] {6, 8}, List.of(1), true),
            new Case(new long[] {8, 6}, List.of(0), true),
            new Case(new long[] {3, 5, 8}, List.of(2), true),
            new Case(new long[] {3, 8, 5}, List.of(1), true),
            new Case(new long[] {5, 7}, List.of(1), false),
            new Case(new long[] {7, 5}, List.of(0), false),
            new Case(new long[] {4, 3, 3, 3}, List.of(1, 2, 3), false),
            new Case(new long[] {3, 5, 3}, List.of(0, 2), false),
            new Case(new long[] {2, 3, 5, 3}, List.of(1, 3), false),
            new Case(new long[] {70, 1030}, List.of(1), false),
            new Case(new long[] {1000, 70}, List.of(0), true));

    @Property(tries = 300)
    void bytesAreTheFormulasPacked(
            @ForAll CompressionMode mode,
            @ForAll @IntRange(max = 10) int index,
            @ForAll @IntRange(max = 2) int orderOfReading,
            @ForAll long seed) {
        Case c = CASES.get(index);
        if (mode.scaleType() == ElementType.F8E8M0 && !c.grouped) {
            return;
        }
        int group = mode.isInt8() || !c.grouped ? -1 : 4;
        Shape shape = Shape.of(c.shape);
        double[] w = new Random(seed).doubles(shape.elements(), -1, 1).toArray();
        Node constant = Constants.numbers(ElementType.F32, "w", shape, w);
        WeightedLayer layer =
                new WeightedLayer(WeightedLayer.Kind.MATMUL, constant, 1, constant, WeightLayout.of(shape, c.reduced));
        WeightConfig config = new WeightConfig(mode, group);
        CompressedWeight weight = new CompressedWeight(new LayerPlan(layer, Optional.of(config), true));
        List<Op.Constant> constants = new ArrayList<>(List.of(weight.codes(), weight.scales()));
        if (mode.hasZeroPoint()) {
            constants.add(1, weight.zeroPoints());
        }
        List<byte[]> bytes = new ArrayList<>();
        for (int i = 0; i < constants.size(); i++) {
            int at = orderOfReading == 0 ? i : constants.size() - 1 - i;
            bytes.add(orderOfReading == 0 ? bytes.size() : 0, read(constants.get(at), orderOfReading == 2, seed));
        }
        List<List<Integer>> groups = groups(c, group);
        int[] levels = new int[w.length];
        for (int g = 0; g < groups.size(); g++) {
            float[] values = new float[groups.get(g).size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) w[groups.get(g).get(i)];
            }
            PlainFormulas.Group plain = PlainFormulas.group(values, mode);
            assertThat(scale(bytes.getLast(), g, mode))
                    .isEqualTo(Float.float16ToFloat(Float.floatToFloat16(plain.scale())));
            if (mode.hasZeroPoint()) {
                assertThat(code(bytes.get(1), g, mode)).isEqualTo(plain.zeroPoint());
            }
            byte[] codes = new byte[values.length];
            for (int i = 0; i < values.length; i++) {
                codes[i] = (byte) code(bytes.getFirst(), groups.get(g).get(i), mode);
                levels[groups.get(g).get(i)]++;
            }
            float[] back = new float[values.length];
            GroupParameters p = new GroupParameters(
                    1, 1, new float[] {1}, mode.hasZeroPoint() ? new int[] {plain.zeroPoint()} : new int[0]);
            GroupQuantizer.dequantize(codes, 1, codes.length, new WeightConfig(mode, -1), p, back);
            assertThat(back).as("%s %s group %s", mode, shape, g).containsExactly(plain.values());
        }
        assertThat(levels).containsOnly(1);
    }

    /** Positions of the elements of each group, in the order in which the file has the groups' scales. */
    private static List<List<Integer>> groups(Case c, int group) {
        Shape shape = Shape.of(c.shape);
        java.util.TreeMap<List<Long>, List<Integer>> groups =
                new java.util.TreeMap<>(CompressedWeightTest::lexicographic);
        for (int i = 0; i < shape.elements(); i++) {
            List<Long> key = new ArrayList<>();
            for (int axis = 0; axis < shape.rank(); axis++) {
                long at = i / shape.elements(axis + 1, shape.rank()) % shape.dim(axis);
                key.add(!c.reduced.contains(axis) ? at : group == -1 ? 0 : at / group);
            }
            groups.computeIfAbsent(key, _ -> new ArrayList<>()).add(i);
        }
        return List.copyOf(groups.values());
    }

    private static int lexicographic(List<Long> a, List<Long> b) {
        return IntStream.range(0, a.size())
                .map(i -> Long.compare(a.get(i), b.get(i)))
                .filter(order -> order != 0)
                .findFirst()
                .orElse(0);
    }

    private static byte[] read(Op.Constant constant, boolean inPieces, long seed) {
        byte[] all = new byte[(int) constant.data().byteSize()];
        Random random = new Random(seed);
        for (int at = 0; at < all.length; ) {
            int size = inPieces ? Math.min(all.length - at, 2 + 2 * random.nextInt(2000)) : all.length;
            constant.data().read(at, MemorySegment.ofArray(all).asSlice(at, size));
            at += size;
        }
        return all;
    }

    private static int code(byte[] bytes, int index, CompressionMode mode) {
        int raw = mode.bits() == 4 ? PlainFormulas.nibble(bytes, index) : bytes[index] & 255;
        boolean signed = mode == CompressionMode.INT4_SYM || mode == CompressionMode.INT8_SYM;
        int half = 1 << (mode.bits() - 1);
        return signed && raw >= half ? raw - 2 * half : raw;
    }

    private static float scale(byte[] bytes, int index, CompressionMode mode) {
        return mode.scaleType() == ElementType.F16
                ? Float.float16ToFloat(MemorySegment.ofArray(bytes).get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * index))
                : (float) Math.pow(2, (bytes[index] & 255) - 127);
    }

    @Test
    void whatIsNotFiniteIsRefusedWithItsPlace() {
        double[] w = new double[64];
        w[37] = Double.NaN;
        Node constant = Constants.numbers(ElementType.F16, "model.w", Shape.of(8, 8), w);
        WeightedLayer layer = new WeightedLayer(
                WeightedLayer.Kind.MATMUL, constant, 1, constant, WeightLayout.of(Shape.of(8, 8), List.of(1)));
        CompressedWeight weight = new CompressedWeight(
                new LayerPlan(layer, Optional.of(new WeightConfig(CompressionMode.INT8_ASYM, -1)), true));
        assertThatThrownBy(() -> weight.codes().data().segment())
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("\"model.w\" holds NaN at element 37 of shape [8, 8]");
    }

    @Test
    void aScaleBeyondF16IsRefused() {
        double[] w = new double[8];
        w[0] = 1e9;
        Node constant = Constants.numbers(ElementType.F32, "model.w", Shape.of(1, 8), w);
        WeightedLayer layer = new WeightedLayer(
                WeightedLayer.Kind.MATMUL, constant, 1, constant, WeightLayout.of(Shape.of(1, 8), List.of(1)));
        CompressedWeight weight = new CompressedWeight(
                new LayerPlan(layer, Optional.of(new WeightConfig(CompressionMode.INT4_SYM, -1)), true));
        assertThatThrownBy(() -> weight.codes().data().segment())
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("\"model.w\"")
                .hasMessageContaining("--ignored-scope");
    }
}
