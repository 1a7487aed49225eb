package dev.decanter.assembler;

/** Machine code cannot be used here; the message says why. */
public final class MachineCodeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Machine code cannot be used because of {@code reason}. */
    public MachineCodeException(String reason) {
        super(reason);
    }

    /** Machine code cannot be used because of {@code reason}. */
    public MachineCodeException(String reason, Throwable cause) {
        super(reason, cause);
    }
}
