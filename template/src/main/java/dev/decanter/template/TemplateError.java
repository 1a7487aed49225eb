package dev.decanter.template;

/** What is wrong in a template or with what it does; the message names neither file nor line. */
final class TemplateError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;

    TemplateError(String message) {
        this(message, 0);
    }

    TemplateError(String message, int line) {
        super(message, null, false, false);
        this.line = line;
    }

    /** From 1; 0 if it is not known. */
    int line() {
        return line;
    }

    String text() {
        return String.valueOf(getMessage());
    }
}
