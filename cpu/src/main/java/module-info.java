/** The CPU device. Applications do not name it: the runtime finds it as a service. */
module dev.decanter.cpu {
    requires static org.jspecify;
    requires jdk.incubator.vector;
    requires dev.decanter.runtime;
}
