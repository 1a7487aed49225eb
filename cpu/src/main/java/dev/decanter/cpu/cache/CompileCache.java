package dev.decanter.cpu.cache;

import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A folder of cache files. */
public final class CompileCache {
    static final String ENDING = ".decanter";
    private static final String STAMPS = ".stamps";
    /** Less is re-laid sooner than it is looked up. */
    private static final long LEAST_BYTES = 1 << 20;

    private static final System.Logger LOG = System.getLogger(CompileCache.class.getName());

    private final Path folder;
    private final String configuration;
    private final long leastBytes;
    private final Duration tick;

    /**
     * A cache.
     *
     * @param folder made when something is written
     * @param configuration what regions depend on besides the model: options, kernels, the CPU's features
     */
    public CompileCache(Path folder, String configuration) {
        this(folder, configuration, LEAST_BYTES, KnownContent.TICK);
    }

    /** For tests: another least size of what is kept, and another tick of the file system's clock. */
    CompileCache(Path folder, String configuration, long leastBytes, Duration tick) {
        this.folder = folder;
        this.configuration = configuration;
        this.leastBytes = leastBytes;
        this.tick = tick;
    }

    /**
     * Returns memory for compiling {@code model}, which must not change until compiling ends. Looking for the cache file and
     * reading it begins at once, beside the caller's work.
     *
     * @param team digests content, and says how many threads may read
     */
    public WeightMemory memory(Model model, ThreadTeam team) {
        return new CachedMemory(this, model, team);
    }

    long leastBytes() {
        return leastBytes;
    }

    /**
     * What was found out about a model.
     *
     * @param digest the model; empty where its graph was kept and its file not read
     * @param path where its cache file is, or is to be
     * @param key what the cache file must have as its key
     * @param reader the cache file, if there is one that fits
     */
    record Found(Optional<ModelDigest> digest, Path path, String key, Optional<EntryReader> reader) {}

    private KnownContent stamps(Path path) {
        return new KnownContent(path.resolveSibling(path.getFileName() + STAMPS), tick);
    }

    /** Looks for the model's cache file; empty if the model cannot be cached. Failing costs a line in the log. */
    Optional<Found> find(Model model, ThreadTeam team) {
        try {
            return search(model, team);
        } catch (IOException | RuntimeException e) {
            warn(folder, "the model runs without it", e);
            return Optional.empty();
        }
    }

    static void warn(Path path, String consequence, Exception e) {
        String reason = e instanceof IOException io ? DecanterException.reason(io) : e.toString();
        LOG.log(System.Logger.Level.WARNING, "compile cache {0}: {1}; {2}", path, reason, consequence);
    }

    private Optional<Found> search(Model model, ThreadTeam team) throws IOException {
        Optional<String> code = CodeVersion.find();
        Optional<ModelDigest> known = code.isPresent() ? ModelDigest.of(model) : Optional.empty();
        if (known.isEmpty()) {
            LOG.log(System.Logger.Level.DEBUG, "model \"{0}\" cannot be cached", model.name());
            return Optional.empty();
        }
        ModelDigest digest = known.get();
        Digest name = new Digest();
        name.add(digest.graph());
        name.add(configuration);
        name.add(digest.samples());
        Path path = folder.resolve(safe(model.name()) + "-" + name.hex().substring(0, 16) + ENDING);
        Digest key = new Digest();
        key.add(digest.graph());
        key.add(configuration);
        key.add(code.get());
        String wanted = key.hex();
        return Optional.of(new Found(known, path, wanted, open(path, wanted, digest, team)));
    }

    static String safe(String name) {
        String plain = name.replaceAll("[^A-Za-z0-9._-]", "_");
        return plain.isEmpty() ? "model" : plain.substring(0, Math.min(40, plain.length()));
    }

    private Optional<EntryReader> open(Path path, String key, ModelDigest digest, ThreadTeam team) {
        EntryReader reader;
        try {
            reader = EntryReader.open(path);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | RuntimeException e) {
            warn(path, "it is made again", e);
            return Optional.empty();
        }
        boolean fits = false;
        try {
            fits = reader.header().key().equals(key)
                    && hasContent(reader.header().content(), path, digest, team);
        } catch (IOException e) {
            warn(path, "it is made again", e);
        } finally {
            if (!fits) {
                reader.close();
            }
        }
        return fits ? Optional.of(reader) : Optional.empty();
    }

    private boolean hasContent(String content, Path path, ModelDigest digest, ThreadTeam team) throws IOException {
        if (digest.files().isEmpty()) {
            return digest.content(team).equals(content);
        }
        KnownContent stamps = stamps(path);
        Optional<String> known =
                digest.stamps().isPresent() ? stamps.find(digest.stamps().get()) : Optional.empty();
        if (known.isPresent() && known.get().equals(content)) {
            return true;
        }
        if (!digest.content(team).equals(content)) {
            return false;
        }
        try {
            stamps.add(digest, content);
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.DEBUG,
                    "compile cache {0}: the model''s files are digested at each start: {1}",
                    path,
                    DecanterException.reason(e));
        }
        return true;
    }

    /** Writes a cache file, and returns the content that it is of; failing costs a line in the log. */
    Optional<String> write(Path path, String key, ModelDigest digest, List<EntryWriter.Content> regions) {
        // alone: the model runs meanwhile, and has the team for itself
        try (ThreadTeam alone = new ThreadTeam(1)) {
            String content = digest.content(alone);
            if (!digest.isUnchanged()) {
                throw new IOException("the model's files have changed since they were read");
            }
            Files.createDirectories(folder);
            EntryWriter.write(path, key, content, regions);
            stamps(path).add(digest, content);
            return Optional.of(content);
        } catch (IOException | RuntimeException e) {
            warn(folder, "not written, the model runs without it", e);
            return Optional.empty();
        } finally {
            digest.forget();
        }
    }

    Path folder() {
        return folder;
    }

    /** What regions depend on besides the model. */
    public String configuration() {
        return configuration;
    }

    Duration tick() {
        return tick;
    }
}
