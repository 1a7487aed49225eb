package dev.decanter.template;

/** The template itself refused, by {@code raise_exception}; its message is passed on as it is. */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Refusal(String message) {
        super(message, null, false, false);
    }
}
