package dev.decanter.bench;

import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Param;

/** Shares of the main kernels, integers by the best instruction that the processor has. */
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class ShareBenchmark extends KernelShare {
    /** What runs. */
    @Param
    public MainKernel kernel;

    /** For JMH. */
    public ShareBenchmark() {}

    @Override
    protected MainKernel kernel() {
        return kernel;
    }
}
