package dev.decanter.ir.file;

import dev.decanter.ir.ConstantData;
import java.io.IOException;

/** Where the data of constants go. */
interface BlobSink {
    /**
     * Writes {@code data} unless they are there already.
     *
     * @param layer name of the constant, for messages
     * @return the offset at which they are
     */
    long place(ConstantData data, String layer) throws IOException;
}
