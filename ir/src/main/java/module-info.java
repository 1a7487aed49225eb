/** The model: graph, operations, shapes, types and files. Depends on nothing but the JDK. */
module dev.decanter.ir {
    requires java.xml;
    requires static org.jspecify;

    exports dev.decanter.ir;
    exports dev.decanter.ir.file;
    exports dev.decanter.ir.infer;
    exports dev.decanter.ir.op;
    exports dev.decanter.ir.rewrite;
}
