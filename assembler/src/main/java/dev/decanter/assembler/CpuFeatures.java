package dev.decanter.assembler;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.EnumSet;
import java.util.Set;

/** Asks the processor, by a few instructions of its own, what it can do. */
public final class CpuFeatures {
    private static final long AVX_STATE = 0b110;
    private static final long AVX512_STATE = 0b1110_0110;
    private static final long TILE_STATE = 3L << 17;
    private static final long ARCH_PRCTL = 158;
    private static final long REQUEST_PERMISSION = 0x1023;
    private static final long TILE_DATA = 18;

    private CpuFeatures() {}

    /**
     * The features that can be used by this process.
     *
     * @throws MachineCodeException if machine code cannot be run here
     */
    public static Set<CpuFeature> detect() {
        MethodHandle routine = CodeMemory.load(routine());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answers = arena.allocate(64, 64);
            CodeMemory.call(routine, answers);
            return features(answers);
        }
    }

    /** Stores leaf 1 ecx; leaf 7 ebx, ecx, edx; leaf 7.1 eax; extended control register 0, low; one int each. */
    private static byte[] routine() {
        Assembler a = new Assembler();
        a.push(Gp.RBX);
        a.mov(Gp.RAX, 1);
        a.clear(Gp.RCX);
        a.cpuid();
        a.mov32(Gp.RDI.at(), Gp.RCX);
        a.mov(Gp.RAX, 7);
        a.clear(Gp.RCX);
        a.cpuid();
        a.mov32(Gp.RDI.at(4), Gp.RBX);
        a.mov32(Gp.RDI.at(8), Gp.RCX);
        a.mov32(Gp.RDI.at(12), Gp.RDX);
        a.mov32(Gp.RDI.at(24), Gp.RAX);
        Label old = a.label();
        a.cmp(Gp.RAX, 1);
        a.jump(Condition.BELOW, old);
        a.mov(Gp.RAX, 7);
        a.mov(Gp.RCX, 1);
        a.cpuid();
        a.mov32(Gp.RDI.at(16), Gp.RAX);
        a.bind(old);
        // xgetbv exists where the operating system says so (osxsave, leaf 1 ecx bit 27)
        Label end = a.label();
        a.mov(Gp.RAX, Gp.RDI.at());
        a.and(Gp.RAX, 1 << 27);
        a.jump(Condition.EQUAL, end);
        a.clear(Gp.RCX);
        a.xgetbv();
        a.mov32(Gp.RDI.at(20), Gp.RAX);
        a.bind(end);
        a.pop(Gp.RBX);
        a.ret();
        return a.toByteArray();
    }

    private static Set<CpuFeature> features(MemorySegment answers) {
        Set<CpuFeature> found = EnumSet.noneOf(CpuFeature.class);
        int one = answers.get(JAVA_INT, 0);
        int ebx = answers.get(JAVA_INT, 4);
        int ecx = answers.get(JAVA_INT, 8);
        int edx = answers.get(JAVA_INT, 12);
        int more = answers.get(JAVA_INT, 16);
        long state = answers.get(JAVA_INT, 20);
        boolean avx2 = (state & AVX_STATE) == AVX_STATE && bit(one, 12) && bit(one, 29) && bit(ebx, 5);
        boolean avx512 = avx2
                && (state & AVX512_STATE) == AVX512_STATE
                && bit(ebx, 16)
                && bit(ebx, 17)
                && bit(ebx, 30)
                && bit(ebx, 31);
        add(found, CpuFeature.AVX2, avx2);
        add(found, CpuFeature.AVX_VNNI, avx2 && bit(more, 4));
        add(found, CpuFeature.AVX512, avx512);
        add(found, CpuFeature.AVX512_VNNI, avx512 && bit(ecx, 11));
        add(found, CpuFeature.AVX512_VBMI, avx512 && bit(ecx, 1));
        add(found, CpuFeature.AVX512_BF16, avx512 && bit(more, 5));
        boolean tiles = avx512 && bit(edx, 24) && (state & TILE_STATE) == TILE_STATE && tilesPermitted();
        add(found, CpuFeature.AMX_INT8, tiles && bit(edx, 25));
        add(found, CpuFeature.AMX_BF16, tiles && bit(edx, 22));
        return found;
    }

    private static void add(Set<CpuFeature> found, CpuFeature feature, boolean present) {
        if (present) {
            found.add(feature);
        }
    }

    private static boolean bit(int word, int number) {
        return (word >>> number & 1) != 0;
    }

    /** Linux gives a process the tiles' 8 KB of registers only on request. */
    private static boolean tilesPermitted() {
        FunctionDescriptor type = FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        MethodHandle syscall =
                CodeMemory.function(Linker.nativeLinker(), "syscall", type, Linker.Option.firstVariadicArg(1));
        try {
            return (long) syscall.invokeExact(ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA) == 0;
        } catch (Throwable e) {
            throw new MachineCodeException("asking for tiles failed: " + e, e);
        }
    }
}
