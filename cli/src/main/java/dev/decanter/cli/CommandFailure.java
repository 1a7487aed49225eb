package dev.decanter.cli;

import dev.decanter.ir.DecanterException;

/** A command that cannot do what it was asked; the message is the one line that the user reads. */
final class CommandFailure extends DecanterException {
    private static final long serialVersionUID = 1L;

    CommandFailure(String message) {
        super(message);
    }

    CommandFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
