package dev.decanter.ir.op;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * How a record component is spelled in the layer's {@code data} element, where that is not its name in snake case, and
 * what it is when the file does not say.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Attribute {
    /** The XML attribute; empty for the component's name in snake case. */
    String value() default "";

    /** The value when the attribute is absent, spelled as in a file; {@link #REQUIRED} if it must be present. */
    String absent() default REQUIRED;

    /** Whether writers leave the attribute out when it has the value of {@link #absent}. */
    boolean omitDefault() default false;

    /** Marks an attribute that must be present. */
    String REQUIRED = "\0required";
}
