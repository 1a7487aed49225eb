package dev.decanter.ir.op;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The name and opset of an op in IR files. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface OpType {
    /** The layer's {@code type}, for example {@code MatMul}. */
    String value();

    /** The layer's {@code version}: the opset that introduced this version of the op. */
    String opset() default "opset1";
}
