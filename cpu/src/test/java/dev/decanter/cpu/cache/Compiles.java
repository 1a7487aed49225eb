package dev.decanter.cpu.cache;

import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.file.IrWriter;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A model whose weights have odd sizes, and compiles that lay each of them in reverse. */
final class Compiles {
    private static final int[] SIZES = {771, 300, 1, 63, 90};
    private static final int INPUTS = 512;

    private Compiles() {}

    /**
     * What a compile had.
     *
     * @param content each region's bytes
     * @param notes each region's note
     * @param fills regions that were filled
     */
    record Outcome(List<byte[]> content, List<Long> notes, int fills) {
        boolean hasContentOf(Outcome other) {
            boolean equal = notes.equals(other.notes) && content.size() == other.content.size();
            for (int i = 0; equal && i < content.size(); i++) {
                equal = MemorySegment.ofArray(content.get(i)).mismatch(MemorySegment.ofArray(other.content.get(i)))
                        == -1;
            }
            return equal;
        }
    }

    static CompileCache cache(Path folder) {
        return new CompileCache(folder, "features", 1, Duration.ZERO);
    }

    /** Products of an input by random f16 weights, in memory. */
    static Model model(long seed) {
        Random random = new Random(seed);
        Node input = Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(-1, INPUTS)), "x");
        input.output().names().add("x");
        List<Node> results = new ArrayList<>();
        for (int size : SIZES) {
            short[] halves = new short[size * INPUTS];
            for (int i = 0; i < halves.length; i++) {
                halves[i] = Float.floatToFloat16((float) random.nextGaussian());
            }
            MemorySegment memory = java.lang.foreign.Arena.ofAuto().allocate(2L * halves.length, 64);
            MemorySegment.copy(halves, 0, memory, ValueLayout.JAVA_SHORT, 0, halves.length);
            Op.Constant weight = Op.Constant.of(ElementType.F16, Shape.of(size, INPUTS), memory);
            Node wide = Node.of(
                    new ShapeOp.Convert(ElementType.F32),
                    "wide" + size,
                    Node.of(weight, "w" + size, List.of()).output());
            Node product = Node.of(new NeuralOp.MatMul(false, true), "y" + size, input.output(), wide.output());
            product.output().names().add("y" + size);
            results.add(Node.of(new Op.Result(), "r" + size, product.output()));
        }
        return new Model("small", List.of(input), results, List.of());
    }

    /** Writes {@link #model} into a folder; returns the XML. */
    static Path write(Path folder, long seed) {
        Path xml = folder.resolve("model.xml");
        IrWriter.write(model(seed), xml);
        return xml;
    }

    static Outcome compile(CompileCache cache, Path xml) {
        return compile(cache, IrReader.read(xml));
    }

    static Outcome compile(CompileCache cache, Model model) {
        List<byte[]> content = new ArrayList<>();
        List<Long> notes = new ArrayList<>();
        int[] fills = new int[1];
        try (ThreadTeam team = new ThreadTeam(2);
                WeightMemory memory = cache.memory(model, team)) {
            List<MemorySegment> regions = new ArrayList<>();
            for (Node node : model.topologicalOrder()) {
                if (node.op() instanceof Op.Constant constant) {
                    MemorySegment source = constant.data().segment();
                    WeightMemory.Region region =
                            memory.region("reversed " + constant.shape(), source.byteSize() + 1, target -> {
                                fills[0]++;
                                return reverse(source, target);
                            });
                    regions.add(region.memory());
                    notes.add(region.note());
                }
            }
            memory.compiled();
            regions.forEach(region -> content.add(region.toArray(ValueLayout.JAVA_BYTE)));
        }
        return new Outcome(content, notes, fills[0]);
    }

    /** Leaves the last byte as it is, which is 0. */
    private static long reverse(MemorySegment source, MemorySegment target) {
        long sum = 0;
        for (long i = 0; i < source.byteSize(); i++) {
            byte value = source.get(ValueLayout.JAVA_BYTE, i);
            target.set(ValueLayout.JAVA_BYTE, source.byteSize() - 1 - i, value);
            sum = sum * 31 + value;
        }
        return sum;
    }
}
