package dev.decanter.genai;

import dev.decanter.ir.DecanterException;

/** A pipeline that cannot be loaded, a configuration that is not valid, or a prompt that does not fit. */
public final class GenerationException extends DecanterException {
    private static final long serialVersionUID = 1L;

    public GenerationException(String message) {
        super(message);
    }

    public GenerationException(String message, Throwable cause) {
        super(message, cause);
    }
}
