package dev.decanter.template;

import dev.decanter.ir.DecanterException;

/** A template that is malformed, does what templates must not do, exceeds a limit, or refuses what it is given. */
public final class TemplateException extends DecanterException {
    private static final long serialVersionUID = 1L;

    TemplateException(String message, Throwable cause) {
        super(message, cause);
    }
}
