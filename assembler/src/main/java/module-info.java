/** A small x86-64 assembler, and memory in which its code can run. Knows nothing of models or tensors. */
module dev.decanter.assembler {
    requires static org.jspecify;

    exports dev.decanter.assembler;
}
