package dev.decanter.compress;

/** Told how a compression advances. Any method may throw to cancel; the model must not be used afterwards. */
public interface CompressionListener {
    /** Hears nothing. */
    CompressionListener NONE = new CompressionListener() {};

    /** A stage begins, for example {@code statistics} or {@code mixed precision}. */
    default void stage(String name) {}

    /** {@code done} of {@code total} units of the present stage are through; the unit is the stage's own. */
    default void progress(long done, long total) {}

    /** Something a user should read: one line. */
    default void note(String message) {}
}
