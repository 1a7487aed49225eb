/** Tokenizers and detokenizers as IR models, and their string operations. */
module dev.decanter.tokenizers {
    requires static org.jspecify;
    requires com.fasterxml.jackson.databind;
    requires transitive dev.decanter.ir;
    requires transitive dev.decanter.runtime;

    exports dev.decanter.tokenizers;

    provides dev.decanter.runtime.spi.OperationExtension with
            dev.decanter.tokenizers.ops.TokenizerOperations;
}
