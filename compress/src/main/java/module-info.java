/** Compression of models, IR in and IR out: weights to 8 and 4 bits, and post-training quantization. */
module dev.decanter.compress {
    requires static jdk.incubator.vector;
    requires static org.jspecify;
    requires com.fasterxml.jackson.databind;
    requires java.desktop;
    requires transitive dev.decanter.ir;
    requires transitive dev.decanter.runtime;
    requires dev.decanter.tokenizers;
    requires dev.decanter.genai;
    requires dev.decanter.safetensors;

    exports dev.decanter.compress;
    exports dev.decanter.compress.comparison;
    exports dev.decanter.compress.presets;
}
