/** Grammars, regular expressions and JSON schemas that say which token may come next. Knows neither models nor pipelines. */
module dev.decanter.grammar {
    requires static org.jspecify;
    requires com.fasterxml.jackson.databind;
    requires transitive dev.decanter.ir;

    exports dev.decanter.grammar;
    exports dev.decanter.grammar.json;
}
