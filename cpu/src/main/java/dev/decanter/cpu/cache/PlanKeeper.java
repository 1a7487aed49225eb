package dev.decanter.cpu.cache;

import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.SourceFile;
import dev.decanter.runtime.ModelSource;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one model's graph as it is after all passes, beside the cache file with its weights. Files are told apart by their stamps
 * ({@link SourceFile.Stamp}), taken before they are read; where a system has none, nothing is kept.
 */
public final class PlanKeeper {
    private static final String ENDING = ".decanter-plan";
    private static final System.Logger LOG = System.getLogger(CompileCache.class.getName());

    private final CompileCache cache;
    private final List<SourceFile> files;
    private final String key;
    private final Path path;
    private @Nullable CachePrecision precision;
    private byte[] graph = new byte[0];

    /**
     * What was kept.
     *
     * @param model the graph after all passes
     * @param precision how requests keep keys and values
     * @param memory with the weights; the caller closes it
     */
    public record Kept(Model model, CachePrecision precision, WeightMemory memory) {}

    private PlanKeeper(CompileCache cache, List<SourceFile> files, String key, Path path) {
        this.cache = cache;
        this.files = files;
        this.key = key;
        this.path = path;
    }

    /**
     * Returns the keeper of a model; none if its files cannot be told from others, or it is in no file.
     *
     * @param options compile options of which only the graph depends, not the weights
     * @param configuration what else the graph depends on
     */
    public static Optional<PlanKeeper> of(
            CompileCache cache, ModelSource source, String options, String configuration) {
        try {
            List<SourceFile> files = new ArrayList<>();
            for (Path file : source.files()) {
                files.add(SourceFile.of(file));
            }
            Digest key = new Digest();
            for (Class<?> type : List.of(Model.class, ModelSource.class, PlanKeeper.class)) {
                Optional<String> version = CodeVersion.find(type);
                if (version.isEmpty()) {
                    return Optional.empty();
                }
                key.add(version.get());
            }
            for (SourceFile file : files) {
                if (file.stamp().isEmpty()) {
                    return Optional.empty();
                }
                key.add(file.stamp().get().toString());
            }
            if (files.isEmpty()) {
                return Optional.empty();
            }
            Digest name = new Digest();
            for (Digest digest : List.of(key, name)) {
                digest.add(source.recipe());
                digest.add(options);
                digest.add(configuration);
            }
            Path first = files.getFirst().path().toRealPath();
            name.add(first.toString());
            String file = CompileCache.safe(String.valueOf(first.getFileName())) + "-"
                    + name.hex().substring(0, 16) + ENDING;
            return Optional.of(
                    new PlanKeeper(cache, files, key.hex(), cache.folder().resolve(file)));
        } catch (IOException e) {
            // reading the model says what is wrong with its files
            return Optional.empty();
        }
    }

    /** Returns what was kept of the model as it is now. Failing costs a line in the log. */
    public Optional<Kept> find(ThreadTeam team) {
        try {
            PlanFile plan = PlanFile.read(path);
            return plan.key().equals(key) ? open(plan, team) : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | RuntimeException e) {
            CompileCache.warn(path, "it is made again", e);
            return Optional.empty();
        }
    }

    private Optional<Kept> open(PlanFile plan, ThreadTeam team) throws IOException {
        Path entry = cache.folder().resolve(plan.entry());
        EntryReader reader = EntryReader.open(entry);
        if (!reader.header().key().equals(plan.entryKey())
                || !reader.header().content().equals(plan.content())) {
            reader.close();
            return Optional.empty();
        }
        // begins to read, beside what follows
        CachedMemory memory = new CachedMemory(cache, this, entry, reader, team);
        try {
            return Optional.of(new Kept(plan.model(files), plan.precision(), memory));
        } catch (IOException | RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    /**
     * Keeps a graph, as soon as its weights are kept.
     *
     * @param model as it was read
     * @param rewritten after all passes
     * @param memory from {@link CompileCache#memory}, for the weights
     */
    public void keep(Model model, Model rewritten, CachePrecision cachePrecision, WeightMemory memory) {
        if (!(memory instanceof CachedMemory cached) || !ports(model).equals(ports(rewritten))) {
            return;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            GraphCodec.write(rewritten, model.rtInfo(), files, out);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the plan of {0} is not kept: {1}", files, e.getMessage());
            return;
        }
        graph = bytes.toByteArray();
        precision = cachePrecision;
        cached.keep(this);
    }

    /** Names, types and shapes of inputs and outputs, which are all that is seen of a model from outside. */
    private static List<String> ports(Model model) {
        List<String> ports = new ArrayList<>(List.of(model.name()));
        for (Node node : model.parameters()) {
            ports.add(Model.tensorNames(node) + node.name() + node.output());
        }
        for (Node node : model.results()) {
            ports.add(Model.tensorNames(node)
                    + node.name()
                    + node.input(0).elementType()
                    + node.input(0).shape());
        }
        return ports;
    }

    /** Writes the plan, whose weights are in {@code entry}; failing costs a line in the log. */
    void write(Path entry, String entryKey, String content) {
        CachePrecision kept = precision;
        Instant latest = Instant.now().minus(cache.tick());
        boolean old = files.stream()
                .allMatch(file -> !file.stamp().orElseThrow().changed().isAfter(latest));
        // a file that is only just written may be written again under the same stamp
        if (kept == null || !old || !files.stream().allMatch(SourceFile::isUnchanged)) {
            return;
        }
        try {
            new PlanFile(
                            key,
                            String.valueOf(entry.getFileName()),
                            entryKey,
                            content,
                            kept,
                            MemorySegment.ofArray(graph))
                    .write(path);
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.DEBUG,
                    "the plan {0} is not kept: {1}",
                    path,
                    e instanceof java.nio.file.FileSystemException ? DecanterException.reason(e) : e.getMessage());
        }
        graph = new byte[0];
    }

    /** Removes what was kept, which has proved wrong. */
    void forget() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            CompileCache.warn(path, "it cannot be removed", e);
        }
    }
}
