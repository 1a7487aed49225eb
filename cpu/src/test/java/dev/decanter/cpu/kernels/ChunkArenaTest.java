package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChunkArenaTest {
    @Test
    void givesZeroedAlignedPiecesOfTheirOwn() {
        Random random = new Random(1);
        try (ChunkArena arena = new ChunkArena()) {
            List<MemorySegment> pieces = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                long bytes = 1L + (i % 20 == 0 ? random.nextInt(9 << 20) : random.nextInt(3000));
                MemorySegment piece = arena.allocate(bytes);
                assertThat(piece.byteSize()).isEqualTo(bytes);
                assertThat(piece.address() % WeightMemory.ALIGNMENT).isZero();
                assertThat(piece.mismatch(Arena.ofAuto().allocate(bytes))).isEqualTo(-1);
                piece.fill((byte) i);
                pieces.add(piece);
            }
            for (int i = 0; i < pieces.size(); i++) {
                MemorySegment piece = pieces.get(i);
                assertThat(piece.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) i);
                assertThat(piece.get(ValueLayout.JAVA_BYTE, piece.byteSize() - 1))
                        .isEqualTo((byte) i);
            }
        }
    }

    @Test
    void givesMemoryBackWhenItIsClosed() {
        ChunkArena arena = new ChunkArena();
        MemorySegment small = arena.allocate(100);
        MemorySegment large = arena.allocate(200L << 20);
        long before = anonymousBytes();
        large.fill((byte) 1);
        assertThat(anonymousBytes() - before).isGreaterThan(150L << 20);
        arena.close();
        assertThat(anonymousBytes() - before).isLessThan(50L << 20);
        assertThatThrownBy(() -> small.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> large.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void releasesPagesOfMappedFilesAndNothingElse(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("weights.bin");
        byte[] content = new byte[8 << 20];
        new Random(2).nextBytes(content);
        Files.write(file, content);
        try (Arena arena = Arena.ofConfined();
                FileChannel channel = FileChannel.open(file)) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, content.length, arena);
            assertThat(mapped.mismatch(MemorySegment.ofArray(content))).isEqualTo(-1);
            long before = resident("RssFile");
            MappedPages.release(mapped.asSlice(5, content.length - 7));
            assertThat(before - resident("RssFile")).isGreaterThan(6L << 20);
            assertThat(mapped.mismatch(MemorySegment.ofArray(content))).isEqualTo(-1);

            MemorySegment own = arena.allocate(1 << 20).fill((byte) 7);
            MappedPages.release(own);
            MappedPages.release(MemorySegment.ofArray(new byte[1 << 17]));
            assertThat(own.get(ValueLayout.JAVA_BYTE, 70_000)).isEqualTo((byte) 7);
        }
    }

    private static long anonymousBytes() {
        return resident("RssAnon");
    }

    /** A line of the kernel's account of this process, in bytes. */
    private static long resident(String field) {
        Path status = Path.of("/proc/self/status");
        assumeThat(status).as("resident memory is read from /proc").isReadable();
        try {
            return Files.readAllLines(status).stream()
                    .filter(line -> line.startsWith(field + ":"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
