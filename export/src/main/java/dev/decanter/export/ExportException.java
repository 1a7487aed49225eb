package dev.decanter.export;

import dev.decanter.ir.DecanterException;

/** A checkpoint that cannot be exported; the message names the file, tensor or configuration key at fault. */
public final class ExportException extends DecanterException {
    private static final long serialVersionUID = 1L;

    public ExportException(String message) {
        super(message);
    }

    public ExportException(String message, Throwable cause) {
        super(message, cause);
    }
}
