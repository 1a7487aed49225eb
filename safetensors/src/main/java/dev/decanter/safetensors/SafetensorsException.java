package dev.decanter.safetensors;

import dev.decanter.ir.DecanterException;

/** A safetensors file that cannot be read or is not valid; the message names file and tensor. */
public final class SafetensorsException extends DecanterException {
    private static final long serialVersionUID = 1;

    public SafetensorsException(String message) {
        super(message);
    }

    public SafetensorsException(String message, Throwable cause) {
        super(message, cause);
    }
}
