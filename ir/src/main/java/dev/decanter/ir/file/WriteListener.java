package dev.decanter.ir.file;

/** Told by {@link IrWriter} how far it is; can stop it. */
@FunctionalInterface
public interface WriteListener {
    /** Says nothing, stops nothing. */
    WriteListener NONE = (_, _, _) -> true;

    /**
     * Called after each few megabytes of weights.
     *
     * @param bytesDone bytes of constants that are done with, from 0 to {@code bytesTotal}
     * @param bytesTotal bytes of all constants, shared ones counted once
     * @param layer name of the constant being written
     * @return whether to go on; else writing ends with an {@link dev.decanter.ir.IrException} and leaves no files
     */
    boolean progress(long bytesDone, long bytesTotal, String layer);
}
