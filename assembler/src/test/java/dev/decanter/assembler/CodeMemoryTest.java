package dev.decanter.assembler;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(
        value = OS.LINUX,
        architectures = {"amd64", "x86_64"})
class CodeMemoryTest {
    @Test
    void sumOfAnArray() {
        Assembler a = new Assembler();
        a.mov(Gp.RSI, Gp.RDI.at(8));
        a.mov(Gp.RCX, Gp.RDI.at(16));
        a.clear(Gp.RAX);
        Label loop = a.label();
        a.bind(loop);
        a.mov(Gp.RDX, Gp.RSI.at());
        a.add(Gp.RAX, Gp.RDX);
        a.add(Gp.RSI, 8);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, loop);
        a.mov(Gp.RDI.at(), Gp.RAX);
        a.ret();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocateFrom(JAVA_LONG, 5, -7, 1L << 40);
            MemorySegment block = arena.allocateFrom(JAVA_LONG, 0, numbers.address(), 3);
            CodeMemory.call(CodeMemory.load(a.toByteArray()), block);
            assertThat(block.get(JAVA_LONG, 0)).isEqualTo((1L << 40) - 2);
        }
    }

    @Test
    void pagesWithCodeAreNeverWritable() throws IOException {
        Assembler a = new Assembler();
        a.ret();
        CodeMemory.load(a.toByteArray());
        // the JIT's own code heap, which is far larger, is the JVM's affair
        Pattern page = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) rwx.*");
        for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
            Matcher matcher = page.matcher(line);
            if (matcher.matches()) {
                long size = Long.parseUnsignedLong(matcher.group(2), 16) - Long.parseUnsignedLong(matcher.group(1), 16);
                assertThat(size).isGreaterThan(4096);
            }
        }
    }

    /** The kernel lists what the processor and itself support under the same names. */
    @Test
    void featuresAreThoseThatTheKernelLists() throws IOException {
        String flags = Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("flags"))
                .findFirst()
                .orElseThrow();
        Set<String> listed = Set.copyOf(Arrays.asList(flags.split("\\s+")));
        Set<CpuFeature> found = CpuFeatures.detect();
        for (CpuFeature feature : CpuFeature.values()) {
            String name =
                    feature == CpuFeature.AVX512 ? "avx512vl" : feature.name().toLowerCase(Locale.ROOT);
            name = name.equals("avx512_vbmi") ? "avx512vbmi" : name;
            // a process may be refused the tiles' registers that the processor has
            boolean refused = feature.name().startsWith("AMX") && !found.contains(feature);
            assertThat(found.contains(feature)).as(name).isEqualTo(listed.contains(name) && !refused);
        }
    }

    @Test
    void dotProductsOfBytes() {
        assumeThat(CpuFeatures.detect()).contains(CpuFeature.AVX512_VNNI);
        Assembler a = new Assembler();
        a.mov(Gp.RSI, Gp.RDI.at());
        a.vector().load(Vec.zmm(1), Gp.RSI.at());
        a.vector().emit(VectorOp.VPXOR, Vec.zmm(0), Vec.zmm(0), Vec.zmm(0));
        a.vector().emit(VectorOp.VPDPBUSD, Vec.zmm(0), Vec.zmm(1), Gp.RSI.at(64));
        a.vector().store(Gp.RSI.at(128), Vec.zmm(0));
        a.vector().zeroUpper();
        a.ret();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(192, 64);
            for (int i = 0; i < 64; i++) {
                data.set(JAVA_BYTE, i, (byte) (200 + i));
                data.set(JAVA_BYTE, 64 + i, (byte) (i * 5 - 128));
            }
            CodeMemory.call(CodeMemory.load(a.toByteArray()), arena.allocateFrom(JAVA_LONG, data.address()));
            for (int lane = 0; lane < 16; lane++) {
                int expected = 0;
                for (int i = 4 * lane; i < 4 * lane + 4; i++) {
                    expected += (200 + i & 255) * (byte) (i * 5 - 128);
                }
                assertThat(data.get(JAVA_INT, 128 + 4 * lane)).isEqualTo(expected);
            }
        }
    }
}
