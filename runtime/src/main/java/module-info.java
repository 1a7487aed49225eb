/** What running a model means, the device interface, and the reference device. */
module dev.decanter.runtime {
    requires static org.jspecify;
    requires transitive dev.decanter.ir;

    exports dev.decanter.runtime;
    exports dev.decanter.runtime.spi;

    uses dev.decanter.runtime.spi.Device;
    uses dev.decanter.runtime.spi.OperationExtension;
}
