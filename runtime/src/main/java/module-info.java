/** What running a model means, the device interface, and the reference device. */
// the module that the export names is built after this one
@SuppressWarnings("module")
module dev.decanter.runtime {
    requires static org.jspecify;
    requires transitive dev.decanter.ir;

    exports dev.decanter.runtime;
    exports dev.decanter.runtime.spi;
    exports dev.decanter.runtime.reference to
            dev.decanter.cpu;

    uses dev.decanter.runtime.spi.Device;
    uses dev.decanter.runtime.spi.OperationExtension;

    provides dev.decanter.runtime.spi.Device with
            dev.decanter.runtime.reference.ReferenceDevice;
}
