package dev.decanter.runtime;

import dev.decanter.ir.DecanterException;

/** A model that cannot be compiled or run: unknown device or property, unsupported op, inputs that do not fit. */
public final class InferenceException extends DecanterException {
    private static final long serialVersionUID = 1L;

    public InferenceException(String message) {
        super(message);
    }

    public InferenceException(String message, Throwable cause) {
        super(message, cause);
    }
}
