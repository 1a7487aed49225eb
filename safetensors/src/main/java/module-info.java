/** Tensors of safetensors files, mapped. */
module dev.decanter.safetensors {
    requires static org.jspecify;
    requires com.fasterxml.jackson.core;
    requires transitive dev.decanter.ir;

    exports dev.decanter.safetensors;
}
