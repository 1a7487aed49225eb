package dev.decanter.tokenizers;

import dev.decanter.ir.DecanterException;

/** A tokenizer's files that cannot be read or converted, or text or ids that a tokenizer cannot take. */
public final class TokenizerException extends DecanterException {
    private static final long serialVersionUID = 1L;

    /** One line: what is wrong, where (file and place in it), what to do. */
    public TokenizerException(String message) {
        super(message);
    }

    /** One line: what is wrong, where (file and place in it), what to do. */
    public TokenizerException(String message, Throwable cause) {
        super(message, cause);
    }
}
