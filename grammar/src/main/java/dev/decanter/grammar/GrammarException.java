package dev.decanter.grammar;

import dev.decanter.ir.DecanterException;
import java.io.Serial;

/** A grammar, regular expression or schema that cannot be read, says nothing that can be met, or asks for too much. */
public final class GrammarException extends DecanterException {

    @Serial
    private static final long serialVersionUID = 1L;

    /** Creates an exception. */
    public GrammarException(String message) {
        super(message);
    }

    /** Creates an exception with the failure that led to it. */
    public GrammarException(String message, Throwable cause) {
        super(message, cause);
    }
}
