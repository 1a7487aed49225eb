/** Generation pipelines. Runs models from IR folders; carries no converter. */
module dev.decanter.genai {
    requires static org.jspecify;
    requires com.fasterxml.jackson.databind;
    requires dev.decanter.safetensors;
    requires dev.decanter.template;
    requires transitive dev.decanter.runtime;
    requires transitive dev.decanter.tokenizers;
    requires transitive dev.decanter.grammar;

    exports dev.decanter.genai;
    exports dev.decanter.genai.parsers;
}
