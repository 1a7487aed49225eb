/** What running a model means, the device interface, and the reference device. */
module dev.decanter.runtime {
    requires static org.jspecify;
    requires transitive dev.decanter.ir;
}
