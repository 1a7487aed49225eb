package dev.decanter.compress;

import dev.decanter.ir.DecanterException;

/**
 * A model that cannot be compressed as asked, or options that do not go together; the message names the layer, or the
 * option as the command line spells it, and the remedy.
 */
public final class CompressionException extends DecanterException {
    private static final long serialVersionUID = 1L;

    public CompressionException(String message) {
        super(message);
    }

    public CompressionException(String message, Throwable cause) {
        super(message, cause);
    }
}
