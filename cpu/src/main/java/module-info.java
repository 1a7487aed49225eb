/** The CPU device. Applications do not name it: the runtime finds it as a service. */
module dev.decanter.cpu {
    requires static org.jspecify;
    requires java.management;
    requires jdk.incubator.vector;
    requires jdk.management;
    requires dev.decanter.assembler;
    requires dev.decanter.runtime;

    provides dev.decanter.runtime.spi.Device with
            dev.decanter.cpu.CpuDevice;
}
