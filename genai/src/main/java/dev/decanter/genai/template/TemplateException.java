package dev.decanter.genai.template;

/** What is wrong in a template, or its own refusal; the message names neither file nor line. */
final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;

    TemplateException(String message) {
        this(message, 0);
    }

    TemplateException(String message, int line) {
        super(message, null, false, false);
        this.line = line;
    }

    /** From 1; 0 if it is not known, or does not matter because the template refused by itself. */
    int line() {
        return line;
    }

    String text() {
        return String.valueOf(getMessage());
    }
}
