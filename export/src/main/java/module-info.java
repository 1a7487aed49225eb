/** Hugging Face checkpoints to IR, and weight compression. Not needed to run a model. */
module dev.decanter.export {
    requires static org.jspecify;
    requires com.fasterxml.jackson.databind;
    requires transitive dev.decanter.ir;
    requires dev.decanter.safetensors;
    requires dev.decanter.tokenizers;

    exports dev.decanter.export;
}
