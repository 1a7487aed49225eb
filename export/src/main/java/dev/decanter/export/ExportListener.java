package dev.decanter.export;

/** Told what an {@link Exporter} is doing. */
public interface ExportListener {
    /** Says nothing. */
    ExportListener SILENT = new ExportListener() {};

    /** A stage begins; {@code what} is a short phrase, for example {@code writing openvino_model.xml}. */
    default void stage(String what) {}

    /**
     * Called after each few megabytes of weights.
     *
     * @param bytesDone written bytes of constants, from 0 to {@code bytesTotal}
     * @param bytesTotal bytes of all constants
     */
    default void progress(long bytesDone, long bytesTotal) {}

    /** Something that the user should know, in one line. */
    default void note(String line) {}
}
