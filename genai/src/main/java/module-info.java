/** Generation pipelines. Runs models from IR folders; carries no converter. */
module dev.decanter.genai {
    requires static org.jspecify;
    requires com.fasterxml.jackson.databind;
    requires java.desktop;
    requires jinjava;
    // jinjava has no descriptor of its own: the named modules it uses must be asked for here.
    requires com.fasterxml.jackson.dataformat.yaml;
    requires com.fasterxml.jackson.datatype.jdk8;
    requires org.apache.commons.lang3;
    requires org.slf4j;
    requires transitive dev.decanter.runtime;
    requires transitive dev.decanter.tokenizers;

    exports dev.decanter.genai;

    opens dev.decanter.genai.template to
            jinjava;
}
