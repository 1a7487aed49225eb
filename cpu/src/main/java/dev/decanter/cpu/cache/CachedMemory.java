package dev.decanter.cpu.cache;

import dev.decanter.cpu.kernels.ChunkArena;
import dev.decanter.cpu.kernels.MappedPages;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.Model;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** Regions from a cache file as long as they are those that are asked for, then filled ones; at the end the file is written. */
final class CachedMemory implements WeightMemory {
    private static final System.Logger LOG = System.getLogger(CompileCache.class.getName());
    private static final int MOST_READERS = 8;

    private final CompileCache cache;
    private final ThreadTeam team;
    private final ChunkArena arena = new ChunkArena();
    private final FutureTask<Optional<CompileCache.Found>> search;
    private final List<EntryWriter.Content> regions = new ArrayList<>();
    private @Nullable Thread writer;
    private @Nullable PlanKeeper keeper;
    private boolean filled;
    private boolean differs;

    CachedMemory(CompileCache cache, Model model, ThreadTeam team) {
        this.cache = cache;
        this.team = team;
        search = new FutureTask<>(() -> cache.find(model, team));
        start("decanter-cache-reader", () -> {
            search.run();
            found().flatMap(CompileCache.Found::reader).ifPresent(this::read);
        });
    }

    /** Of a cache file that a kept plan belongs to. */
    CachedMemory(CompileCache cache, PlanKeeper keeper, Path path, EntryReader reader, ThreadTeam team) {
        this.cache = cache;
        this.team = team;
        this.keeper = keeper;
        CompileCache.Found found =
                new CompileCache.Found(Optional.empty(), path, reader.header().key(), Optional.of(reader));
        search = new FutureTask<>(() -> Optional.of(found));
        search.run();
        start("decanter-cache-reader", () -> read(reader));
    }

    /** What is told where the weights are kept, once they are. */
    void keep(PlanKeeper plan) {
        keeper = plan;
    }

    private static Thread start(String name, Runnable body) {
        return Thread.ofPlatform().name(name).daemon(true).start(body);
    }

    /** Reads, with as many threads as are left besides the one that compiles. */
    private void read(EntryReader reader) {
        for (int i = 2; i < Math.min(team.size(), MOST_READERS); i++) {
            start("decanter-cache-reader", reader::help);
        }
        reader.help();
    }

    private Optional<CompileCache.Found> found() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return search.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("the search for a cache file ended badly", e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public Region region(String tag, long bytes, Filler filler) {
        Region region = known(tag, bytes, filler).orElseGet(() -> {
            filled = true;
            MemorySegment memory = allocate(bytes);
            return new Region(memory.asReadOnly(), filler.fill(memory));
        });
        regions.add(new EntryWriter.Content(tag, region.memory(), region.note()));
        return region;
    }

    private Optional<Region> known(String tag, long bytes, Filler filler) {
        Optional<EntryReader> reader = found().flatMap(CompileCache.Found::reader);
        if (reader.isEmpty() || differs) {
            return Optional.empty();
        }
        List<EntryHeader.Part> parts = reader.get().header().regions();
        EntryHeader.Part part = regions.size() < parts.size() ? parts.get(regions.size()) : null;
        if (part == null || !part.tag().equals(tag) || part.bytes() != bytes) {
            LOG.log(System.Logger.Level.DEBUG, "region {0} is not as in the cache: {1}", regions.size(), tag);
            differs = true;
            return Optional.empty();
        }
        MemorySegment memory = reader.get().memory(part);
        if (reader.get().await(part)) {
            return Optional.of(new Region(memory.asReadOnly(), part.note()));
        }
        if (!filled) {
            Object path = found().orElseThrow().path();
            LOG.log(System.Logger.Level.WARNING, "compile cache {0}: it is damaged; it is made again", path);
        }
        filled = true;
        memory.fill((byte) 0);
        return Optional.of(new Region(memory.asReadOnly(), filler.fill(memory)));
    }

    @Override
    public MemorySegment allocate(long bytes) {
        return bytes == 0 ? MemorySegment.NULL : arena.allocate(bytes);
    }

    @Override
    public void release(MemorySegment source) {
        MappedPages.release(source);
    }

    @Override
    public void compiled() {
        Optional<CompileCache.Found> found = found();
        found.flatMap(CompileCache.Found::reader).ifPresent(EntryReader::closeFile);
        if (found.isEmpty()) {
            return;
        }
        CompileCache.Found entry = found.get();
        Optional<ModelDigest> digest = entry.digest();
        PlanKeeper plan = keeper;
        long bytes = regions.stream().mapToLong(r -> r.memory().byteSize()).sum();
        if (digest.isPresent() && filled && bytes >= cache.leastBytes()) {
            writer = start("decanter-cache-writer", () -> {
                Optional<String> content = cache.write(entry.path(), entry.key(), digest.get(), regions);
                if (plan != null && content.isPresent()) {
                    plan.write(entry.path(), entry.key(), content.get());
                }
            });
            return;
        }
        digest.ifPresent(ModelDigest::forget);
        if (plan != null && digest.isPresent() && !filled && entry.reader().isPresent()) {
            EntryHeader header = entry.reader().get().header();
            writer = start("decanter-cache-writer", () -> plan.write(entry.path(), header.key(), header.content()));
        }
        if (plan != null && digest.isEmpty() && filled) {
            // the next start compiles anew, and mends the cache file
            plan.forget();
        }
    }

    /** Waits until the cache file is written; a program that ends at once would otherwise never have one. */
    @Override
    public void close() {
        Thread writing = writer;
        boolean interrupted = false;
        while (writing != null && writing.isAlive()) {
            try {
                writing.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        found().flatMap(CompileCache.Found::reader).ifPresent(EntryReader::close);
        arena.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
