package dev.decanter.ir;

import java.io.IOException;
import java.io.Serial;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * The base of every unchecked exception that Decanter throws.
 *
 * <p>The message is one line that a user can act on: what is wrong, where (file, layer, flag), and what to do about it.
 */
public class DecanterException extends RuntimeException {

    @Serial
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception without a cause.
     *
     * @param message one line: what is wrong, where, what to do
     */
    public DecanterException(String message) {
        super(message);
    }

    /**
     * Creates an exception with the failure that led to it.
     *
     * @param message one line: what is wrong, where, what to do
     * @param cause the failure underneath; its message need not be repeated
     */
    public DecanterException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * Says in words of the user why a file could not be read or written: no class names.
     *
     * @param failure what the file system answered
     * @return the reason, to go behind the file's name
     */
    public static String reason(IOException failure) {
        return switch (failure) {
            case NoSuchFileException e -> e.getFile() + " does not exist";
            case AccessDeniedException e -> "access to " + e.getFile() + " is denied; check the permissions";
            case FileAlreadyExistsException e -> e.getFile() + " exists and is in the way";
            case DirectoryNotEmptyException e -> "folder " + e.getFile() + " is not empty";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            case CharacterCodingException _ -> "it is not UTF-8 text";
            default -> {
                String message = failure.getMessage();
                yield message == null ? failure.getClass().getSimpleName() : message;
            }
        };
    }
}
