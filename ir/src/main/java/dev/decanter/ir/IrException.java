package dev.decanter.ir;

/** A graph or an IR file that is not valid; the message names the file, layer or attribute at fault. */
public final class IrException extends DecanterException {
    private static final long serialVersionUID = 1L;

    public IrException(String message) {
        super(message);
    }

    public IrException(String message, Throwable cause) {
        super(message, cause);
    }
}
