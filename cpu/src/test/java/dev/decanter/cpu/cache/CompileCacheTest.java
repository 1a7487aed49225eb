package dev.decanter.cpu.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.decanter.ir.SourceFile;
import dev.decanter.ir.file.IrReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompileCacheTest {
    private static final int REGIONS = 5;

    @TempDir
    Path temporary;

    private Path folder;
    private Path xml;
    private Compiles.Outcome expected;

    @BeforeEach
    void compileOnce() throws IOException {
        folder = temporary.resolve("cache");
        xml = Compiles.write(Files.createDirectory(temporary.resolve("model")), 1);
        expected = Compiles.compile(Compiles.cache(folder), xml);
        assertThat(expected.fills()).isEqualTo(REGIONS);
    }

    private void check(int fills) {
        check(xml, fills);
    }

    private void check(Path model, int fills) {
        Compiles.Outcome outcome = Compiles.compile(Compiles.cache(folder), model);
        assertThat(outcome.hasContentOf(expected)).as("content").isTrue();
        assertThat(outcome.fills()).as("fills").isEqualTo(fills);
    }

    private List<Path> files(String ending) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(path -> path.toString().endsWith(ending)).toList();
        }
    }

    private Path entry() throws IOException {
        return files(CompileCache.ENDING).getFirst();
    }

    @Test
    void secondCompileFillsNothing() throws IOException {
        check(0);
        check(0);
        assertThat(files("")).hasSize(2);
    }

    @Test
    void findsDamageAnywhereAndRepairsIt() throws IOException {
        Random random = new Random(3);
        long size = Files.size(entry());
        long head;
        try (FileChannel file = FileChannel.open(entry())) {
            head = EntryHeader.read(file).dataOffset();
        }
        for (int i = 0; i < 40; i++) {
            // half of them in the head
            long at = i < 4 ? i * 4 : i % 2 == 0 ? random.nextLong(head) : random.nextLong(head, size);
            flip(entry(), at, random.nextInt(8));
            Compiles.Outcome outcome = Compiles.compile(Compiles.cache(folder), xml);
            assertThat(outcome.hasContentOf(expected)).as("bit of byte %s", at).isTrue();
            if (at >= head) {
                // a block or two, of the regions that lie in it
                assertThat(outcome.fills()).isPositive();
            }
            check(0);
        }
    }

    private static void flip(Path path, long at, int bit) throws IOException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            file.read(one, at);
            file.write(ByteBuffer.wrap(new byte[] {(byte) (one.get(0) ^ 1 << bit)}), at);
        }
    }

    @Test
    void fillsOnlyWhatIsDamaged() throws IOException {
        flip(entry(), Files.size(entry()) - 1, 0);
        // the last block has the last regions, the first region ends before it
        Compiles.Outcome outcome = Compiles.compile(Compiles.cache(folder), xml);
        assertThat(outcome.hasContentOf(expected)).isTrue();
        assertThat(outcome.fills()).isBetween(1, REGIONS - 1);
    }

    @Test
    void refusesFilesOfAnotherLength() throws IOException {
        byte[] whole = Files.readAllBytes(entry());
        for (int length : new int[] {0, 7, 12, 50, 4096, whole.length / 2, whole.length - 1}) {
            Files.write(entry(), java.util.Arrays.copyOf(whole, length));
            check(REGIONS);
            check(0);
        }
        Files.write(entry(), java.util.Arrays.copyOf(whole, whole.length + 1));
        check(REGIONS);
        check(0);
    }

    @Test
    void stampsThatAreDamagedCostADigestOnly() throws IOException {
        Path stamps = files(".stamps").getFirst();
        byte[] good = Files.readAllBytes(stamps);
        for (int at = 0; at < good.length; at += 3) {
            flip(stamps, at, at % 7);
            check(0);
        }
        Files.delete(stamps);
        check(0);
        assertThat(Files.readAllBytes(stamps)).isEqualTo(good);
    }

    @Test
    void otherFeaturesHaveAFileOfTheirOwn() throws IOException {
        CompileCache other = new CompileCache(folder, "other features", 1, Duration.ZERO);
        assertThat(Compiles.compile(other, xml).fills()).isEqualTo(REGIONS);
        assertThat(Compiles.compile(other, xml).fills()).isZero();
        check(0);
        assertThat(files(CompileCache.ENDING)).hasSize(2);
    }

    /** As if an older or newer build had written the file. */
    @Test
    void replacesFilesOfAnotherBuild() throws IOException {
        EntryHeader header;
        try (EntryReader reader = EntryReader.open(entry())) {
            header = reader.header();
            List<EntryWriter.Content> regions = header.regions().stream()
                    .map(part -> {
                        assertThat(reader.await(part)).isTrue();
                        return new EntryWriter.Content(part.tag(), reader.memory(part), part.note());
                    })
                    .toList();
            EntryWriter.write(entry(), "another key", header.content(), regions);
        }
        check(REGIONS);
        check(0);
        assertThat(files(CompileCache.ENDING)).hasSize(1);
    }

    @Test
    void noticesWeightsThatAreEditedInPlace() throws IOException, InterruptedException {
        Path bin = IrReader.weightsPath(xml);
        assumeThat(SourceFile.of(bin).stamp()).as("a time of change").isPresent();
        check(0);
        FileTime time = Files.getLastModifiedTime(bin);
        // beyond a tick of the kernel's clock
        Thread.sleep(20);
        flip(bin, 100_001, 3);
        Files.setLastModifiedTime(bin, time);
        Compiles.Outcome edited = Compiles.compile(Compiles.cache(folder), xml);
        assertThat(edited.fills()).isEqualTo(REGIONS);
        assertThat(edited.hasContentOf(expected)).isFalse();
        flip(bin, 100_001, 3);
        check(REGIONS);
        check(0);
    }

    @Test
    void doesNotTrustStampsOfFilesThatAreNew() throws IOException {
        Path other = temporary.resolve("other");
        CompileCache cautious = new CompileCache(other, "features", 1, Duration.ofHours(1));
        assertThat(Compiles.compile(cautious, xml).fills()).isEqualTo(REGIONS);
        try (Stream<Path> all = Files.list(other)) {
            assertThat(all.filter(path -> path.toString().endsWith(".stamps"))).isEmpty();
        }
        assertThat(Compiles.compile(cautious, xml).fills()).isZero();
    }

    @Test
    void takesACopyOfTheModelForTheSame() throws IOException {
        Path copy = Files.createDirectory(temporary.resolve("copy"));
        Files.copy(xml, copy.resolve("model.xml"));
        Files.copy(IrReader.weightsPath(xml), copy.resolve("model.bin"));
        check(copy.resolve("model.xml"), 0);
        check(0);
        assertThat(Files.readAllLines(files(".stamps").getFirst())).hasSize(2);
    }

    @Test
    void keepsOtherWeightsOfTheSameGraphApart() throws IOException {
        Path other = Compiles.write(Files.createDirectory(temporary.resolve("tuned")), 2);
        Compiles.Outcome tuned = Compiles.compile(Compiles.cache(folder), other);
        assertThat(tuned.fills()).isEqualTo(REGIONS);
        assertThat(tuned.hasContentOf(expected)).isFalse();
        check(0);
        assertThat(Compiles.compile(Compiles.cache(folder), other).fills()).isZero();
    }

    @Test
    void modelsInMemoryHaveTheirContentAsIdentity() {
        Compiles.Outcome first = Compiles.compile(Compiles.cache(folder), Compiles.model(5));
        assertThat(first.fills()).isEqualTo(REGIONS);
        Compiles.Outcome second = Compiles.compile(Compiles.cache(folder), Compiles.model(5));
        assertThat(second.fills()).isZero();
        assertThat(second.hasContentOf(first)).isTrue();
        assertThat(Compiles.compile(Compiles.cache(folder), Compiles.model(6)).fills())
                .isEqualTo(REGIONS);
    }

    @Test
    void manyCompilesMayShareAFolder() throws Exception {
        Path shared = temporary.resolve("shared");
        try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
            List<Callable<Compiles.Outcome>> work = IntStream.range(0, 18)
                    .<Callable<Compiles.Outcome>>mapToObj(i -> () -> Compiles.compile(Compiles.cache(shared), xml))
                    .toList();
            for (Future<Compiles.Outcome> outcome : threads.invokeAll(work)) {
                assertThat(outcome.get().hasContentOf(expected)).isTrue();
            }
        }
        try (Stream<Path> all = Files.list(shared)) {
            assertThat(all).hasSize(2);
        }
        assertThat(Compiles.compile(Compiles.cache(shared), xml).fills()).isZero();
    }

    @Test
    void aFolderThatCannotBeWrittenCostsNoCompile() throws IOException {
        Path file = Files.createFile(temporary.resolve("file"));
        for (Path impossible : List.of(file, file.resolve("below"))) {
            Compiles.Outcome outcome = Compiles.compile(Compiles.cache(impossible), xml);
            assertThat(outcome.hasContentOf(expected)).isTrue();
            assertThat(outcome.fills()).isEqualTo(REGIONS);
        }
        assertThat(Files.size(file)).isZero();
    }

    @Test
    void aWriteThatBreaksOffLeavesNothing() throws IOException {
        Path path = folder.resolve("broken" + CompileCache.ENDING);
        List<Path> before = files("");
        EntryWriter.Content whole = new EntryWriter.Content("whole", MemorySegment.ofArray(new byte[100]), 0);
        EntryWriter.Content gone;
        try (Arena arena = Arena.ofConfined()) {
            gone = new EntryWriter.Content("gone", arena.allocate(100), 0);
        }
        assertThatThrownBy(() -> EntryWriter.write(path, "key", "content", List.of(whole, gone)))
                .isInstanceOf(IllegalStateException.class);
        assertThat(files("")).isEqualTo(before);
    }

    @Test
    void whatDeadWritersLeftIsRemoved() throws IOException {
        Path left = EntryWriter.temporary(entry());
        Files.write(left, new byte[1000]);
        Path young = EntryWriter.temporary(entry());
        Files.write(young, new byte[1000]);
        Files.setLastModifiedTime(left, FileTime.fromMillis(0));
        Files.delete(entry());
        check(REGIONS);
        assertThat(left).doesNotExist();
        assertThat(young).exists();
    }

    @Test
    void smallModelsAreNotKept() throws IOException {
        Path other = temporary.resolve("other");
        Compiles.compile(new CompileCache(other, "features", 10 << 20, Duration.ZERO), xml);
        assertThat(other).doesNotExist();
    }
}
