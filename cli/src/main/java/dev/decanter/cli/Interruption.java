package dev.decanter.cli;

/**
 * Ctrl-C. The JVM runs its shutdown hooks, which remove unfinished outputs, while the command still runs; the command asks
 * here whether to give up, and its own complaints about files that vanish are then not printed.
 */
final class Interruption {
    private static volatile boolean requested;

    private Interruption() {}

    /** Begins to watch; once in a process. */
    static void watch() {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> requested = true, "interruption"));
    }

    /** Whether the process is going down. */
    static boolean requested() {
        return requested;
    }

    /** Ends the command if the process is going down. */
    static void check() {
        if (requested) {
            throw new CommandFailure("interrupted");
        }
    }
}
