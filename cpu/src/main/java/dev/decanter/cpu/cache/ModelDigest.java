package dev.decanter.cpu.cache;

import dev.decanter.cpu.kernels.MappedPages;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.SourceFile;
import dev.decanter.ir.op.ExtensionOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.SubGraphOp;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Tells models apart. The graph's digest covers ops, edges and the content of constants that lie in memory; of constants in
 * mapped files it has only where they lie, since digesting gigabytes takes longer than starting.
 */
final class ModelDigest {
    private static final int SAMPLES = 64;
    private static final int SAMPLE_BYTES = 64;
    /** Digested at once by one thread. */
    private static final long PIECE = 4 << 20;

    private final Digest graph = new Digest();
    private final List<SourceFile> files = new ArrayList<>();
    private final List<MemorySegment> mapped = new ArrayList<>();
    private final String graphDigest;

    private ModelDigest(Model model) {
        List<Node> nodes = model.topologicalOrder();
        IdentityHashMap<Node, Integer> numbers = new IdentityHashMap<>();
        IdentityHashMap<ConstantData, Integer> constants = new IdentityHashMap<>();
        for (Node node : nodes) {
            numbers.put(node, numbers.size());
            StringBuilder text = new StringBuilder(256);
            text.append(node.name()).append('\n');
            switch (node.op()) {
                case Op.Constant constant -> {
                    text.append(constant.elementType()).append(constant.shape());
                    text.append(number(constant.data(), constants));
                }
                default -> text.append(node.op());
            }
            for (Output input : node.inputs()) {
                text.append('\n').append(numbers.get(input.node())).append(' ').append(input.index());
            }
            for (Output output : node.outputs()) {
                text.append('\n').append(output.elementType()).append(output.shape());
            }
            text.append(node.runtimeAttributes()).append('\0');
            graph.add(text.toString());
        }
        graph.add(model.rtInfo().toString());
        graphDigest = graph.hex();
    }

    /** The digest of a model; none if it has ops whose content cannot be told. */
    static Optional<ModelDigest> of(Model model) {
        boolean opaque = model.topologicalOrder().stream()
                .anyMatch(node -> node.op() instanceof ExtensionOp || node.op() instanceof SubGraphOp);
        return opaque ? Optional.empty() : Optional.of(new ModelDigest(model));
    }

    /** The constant's number, in the order of first use; its content or place is digested once. */
    private int number(ConstantData data, IdentityHashMap<ConstantData, Integer> constants) {
        Integer known = constants.get(data);
        if (known != null) {
            return known;
        }
        if (data.origin().isPresent()) {
            ConstantData.Origin origin = data.origin().get();
            if (!files.contains(origin.file())) {
                files.add(origin.file());
            }
            int file = files.indexOf(origin.file());
            graph.add(file + ":" + origin.offset() + "+" + data.byteSize());
            mapped.add(data.segment());
        } else {
            graph.add(data.segment());
        }
        constants.put(data, constants.size());
        return constants.size() - 1;
    }

    /** The digest of the graph, in hexadecimal digits. */
    String graph() {
        return graphDigest;
    }

    /** Some bytes of the mapped constants: enough to keep models of one graph apart, too few to trust. */
    String samples() {
        Digest digest = new Digest();
        for (int i = 0; i < SAMPLES && !mapped.isEmpty(); i++) {
            MemorySegment data = mapped.get((int) ((long) i * mapped.size() / SAMPLES));
            long length = Math.min(SAMPLE_BYTES, data.byteSize());
            long at = (data.byteSize() - length) / SAMPLES * i;
            digest.add(data.asSlice(at, length));
        }
        return digest.hex();
    }

    /** The stamps of the mapped files; empty where one has none. */
    Optional<String> stamps() {
        return files.stream().allMatch(file -> file.stamp().isPresent())
                ? Optional.of(files.stream()
                        .map(file -> file.stamp().orElseThrow().toString())
                        .collect(Collectors.joining(";")))
                : Optional.empty();
    }

    /** Lets the mapped constants go; the content cannot be digested any more. */
    void forget() {
        mapped.clear();
    }

    List<SourceFile> files() {
        return List.copyOf(files);
    }

    /** Whether all mapped files have stayed as they were when they were mapped, as far as the system can tell. */
    boolean isUnchanged() {
        return files.stream().allMatch(file -> file.stamp().isEmpty() || file.isUnchanged());
    }

    /** Digests all bytes of mapped constants, and gives their pages back. */
    String content(ThreadTeam team) {
        List<MemorySegment> pieces = new ArrayList<>();
        for (MemorySegment data : mapped) {
            for (long at = 0; at < data.byteSize(); at += PIECE) {
                pieces.add(data.asSlice(at, Math.min(PIECE, data.byteSize() - at)));
            }
        }
        String[] parts = new String[pieces.size()];
        team.run(parts.length, i -> {
            Digest digest = new Digest();
            digest.add(pieces.get(i));
            parts[i] = digest.hex();
            MappedPages.release(pieces.get(i));
        });
        Digest all = new Digest();
        all.add(String.join(",", parts));
        return all.hex();
    }
}
