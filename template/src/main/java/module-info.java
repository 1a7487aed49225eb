/** A small Jinja for chat templates. */
module dev.decanter.template {
    requires static org.jspecify;
    requires transitive dev.decanter.ir;

    exports dev.decanter.template;
}
