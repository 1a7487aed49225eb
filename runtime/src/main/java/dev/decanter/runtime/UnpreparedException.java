package dev.decanter.runtime;

import dev.decanter.ir.DecanterException;

/** This JVM was started without something that a device needs for a model; one that has it can run the same model. */
public final class UnpreparedException extends DecanterException {
    private static final long serialVersionUID = 1L;

    /** Says what is missing. */
    public UnpreparedException(String message) {
        super(message);
    }
}
