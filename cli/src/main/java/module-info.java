/** The decanter command. */
module dev.decanter.cli {
    requires static org.jspecify;
    requires com.fasterxml.jackson.databind;
    requires info.picocli;
    requires org.jline.reader;
    requires org.jline.terminal;
    // JLine reaches the JVM's signal handling (Ctrl-C) by reflection, which works if the module is there.
    requires jdk.unsupported;
    requires dev.decanter.ir;
    requires dev.decanter.runtime;
    requires dev.decanter.cpu;
    requires dev.decanter.tokenizers;
    requires dev.decanter.export;
    requires dev.decanter.genai;
    requires dev.decanter.compress;

    // picocli reads the annotated fields of the commands by reflection.
    opens dev.decanter.cli to
            info.picocli;
}
