package dev.decanter.template;

/**
 * The value of what does not exist: prints as nothing, is false and empty; anything else one does with it is an error.
 *
 * @param message for that error
 */
record Undefined(String message) {
    static Undefined variable(String name) {
        return new Undefined("'" + name + "' is undefined");
    }
}
