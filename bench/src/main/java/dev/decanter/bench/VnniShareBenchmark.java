package dev.decanter.bench;

import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Param;

/** Shares of products of many rows of bytes by AVX-512 VNNI, also where the processor has AMX. */
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-Ddecanter.cpu.machine=avx512vnni"
        })
public class VnniShareBenchmark extends KernelShare {
    /** What runs. */
    @Param({"GEMM_INT4", "GEMM_INT8"})
    public MainKernel kernel;

    /** For JMH. */
    public VnniShareBenchmark() {}

    @Override
    protected MainKernel kernel() {
        return kernel;
    }
}
