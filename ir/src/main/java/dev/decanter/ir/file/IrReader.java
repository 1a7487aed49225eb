package dev.decanter.ir.file;

import dev.decanter.ir.DecanterException;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Reads OpenVINO IR of versions 10 and 11.
 *
 * <p>Weights are mapped into memory, not copied; the mapping lasts as long as a constant refers to it. As in OpenVINO,
 * layers that no Result or Assign needs are left out, Parameters always stay, and elements and {@code rt_info} entries of
 * unknown kinds are skipped. {@code meta_data} and {@code quantization_parameters} of version 10 become sections of these
 * names in the model's {@code rt_info}. Layers of unknown type or opset are kept as
 * {@link dev.decanter.ir.op.Op.Opaque}.
 *
 * <p>Types and shapes are inferred and intersected with those that the file declares. Every failure is an
 * {@link IrException} with a message of one line that begins with the file.
 */
public final class IrReader {
    private IrReader() {}

    /**
     * Reads {@code xml} and the BIN beside it, which has the same name but for the ending. The BIN may be missing if no
     * constant needs it.
     */
    public static Model read(Path xml) {
        return read(xml, weightsPath(xml));
    }

    /** Reads {@code xml} with the weights in {@code bin}, which may be missing if no constant needs it. */
    public static Model read(Path xml, Path bin) {
        return guarded(xml.toString(), () -> {
            try (InputStream stream = open(xml)) {
                return build(stream, Weights.of(bin));
            }
        });
    }

    /**
     * Reads a model from a stream, which is not closed, and from memory, which constants go on using.
     *
     * @param source what to call the stream in messages, for example a resource's name
     */
    public static Model read(InputStream xml, MemorySegment weights, String source) {
        return read(xml, Weights.of(weights, "the weights"), source);
    }

    /**
     * Reads the graph without weights: constants have types, shapes and sizes, and reading their data throws
     * {@link IrException}. Outputs that depend on values of constants have the types and shapes that the file says.
     */
    public static Model readTopology(Path xml) {
        return read(xml, Weights.absent(xml.toString()));
    }

    static Model read(InputStream xml, Weights weights, String source) {
        return guarded(source, () -> build(xml, weights));
    }

    private static Model read(Path xml, Weights weights) {
        return guarded(xml.toString(), () -> {
            try (InputStream stream = open(xml)) {
                return build(stream, weights);
            }
        });
    }

    /** The weights file that belongs to {@code xml}: the same name with the ending {@code .bin}. */
    public static Path weightsPath(Path xml) {
        Path file = xml.getFileName();
        String name = file == null ? "" : file.toString();
        int dot = name.lastIndexOf('.');
        return xml.resolveSibling((dot < 0 ? name : name.substring(0, dot)) + ".bin");
    }

    private static InputStream open(Path xml) throws IOException {
        return new BufferedInputStream(Files.newInputStream(xml), 1 << 16);
    }

    private static Model build(InputStream stream, Weights weights) {
        try (XmlCursor xml = new XmlCursor(stream)) {
            return new GraphBuilder(weights).build(GraphParser.parse(xml));
        }
    }

    @FunctionalInterface
    private interface Reading {
        Model run() throws IOException;
    }

    /** Files come from anywhere, and nothing but {@link IrException} is to come out, whatever is in them. */
    private static Model guarded(String source, Reading reading) {
        try {
            return reading.run();
        } catch (IrException e) {
            throw failure(source, String.valueOf(e.getMessage()), e);
        } catch (NoSuchFileException e) {
            throw failure(source, "does not exist", e);
        } catch (IOException e) {
            throw failure(source, "cannot be read: " + DecanterException.reason(e), e);
        } catch (RuntimeException e) {
            throw failure(source, "cannot be read as an IR: " + e, e);
        }
    }

    private static IrException failure(String source, String what, Exception cause) {
        return new IrException(Limits.oneLine(source + ": " + what), cause);
    }
}
