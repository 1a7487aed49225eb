package dev.decanter.ir;

import java.io.Serial;

/**
 * The base of every unchecked exception that Decanter throws.
 *
 * <p>The message is one line that a user can act on: what is wrong, where (file, layer, flag), and what to do about it.
 */
public class DecanterException extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception without a cause.
     *
     * @param message one line: what is wrong, where, what to do
     */
    public DecanterException(String message) {
        super(message);
    }

    /**
     * Creates an exception with the failure that led to it.
     *
     * @param message one line: what is wrong, where, what to do
     * @param cause the failure underneath; its message need not be repeated
     */
    public DecanterException(String message, Throwable cause) {
        super(message, cause);
    }
}
