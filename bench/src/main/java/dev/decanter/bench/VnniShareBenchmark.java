package dev.decanter.bench;

import dev.decanter.cpu.machine.MachineCode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Param;

/** Shares of products of many rows of bytes by AVX-512 VNNI, also where the processor has AMX. */
@Fork(
        value = 1,
        // options of the command line take the place of what is appended
        jvmArgsPrepend = "-Ddecanter.cpu.machine=avx512vnni",
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class VnniShareBenchmark extends KernelShare {
    /** What runs. */
    @Param({"GEMM_INT4", "GEMM_INT8"})
    public MainKernel kernel;

    /** For JMH. */
    public VnniShareBenchmark() {}

    @Override
    protected MainKernel kernel() {
        if (!MachineCode.describe().equals("AVX-512 VNNI")) {
            throw new IllegalStateException("products of bytes run by " + MachineCode.describe());
        }
        return kernel;
    }
}
