package dev.decanter.ir.file;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.SubGraphOp;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;

/**
 * Writes OpenVINO IR of version 11: an XML and, beside it, a BIN of the same name.
 *
 * <p>Weights are streamed in chunks of a few megabytes; equal constants are written once; each starts at a multiple of 64
 * bytes (of 8, if it is smaller than 64). Of layers with the same name, the later ones get a number appended, since
 * OpenVINO refuses such files. Both files are written under temporary names and moved into place when they are complete,
 * the XML last: a failure leaves what was there before. A model may be written over the files that it was read from.
 */
public final class IrWriter {
    private IrWriter() {}

    /**
     * Writes {@code model} to {@code xml}, of which the name must end with {@code .xml}, and the weights beside it.
     * Missing folders are made.
     *
     * @throws IrException if the model cannot be expressed or a file cannot be written; the message begins with the file
     */
    public static void write(Model model, Path xml) {
        write(model, xml, WriteListener.NONE);
    }

    /** As {@link #write(Model, Path)}; writing also ends if {@code listener} says so or the thread is interrupted. */
    public static void write(Model model, Path xml, WriteListener listener) {
        try {
            Path file = xml.getFileName();
            if (file == null || !file.toString().toLowerCase(Locale.ROOT).endsWith(".xml")) {
                throw new IrException("the name of a model's file must end with .xml");
            }
            writeFiles(model, xml.toAbsolutePath(), listener);
        } catch (IrException e) {
            throw failure(xml, String.valueOf(e.getMessage()), e);
        } catch (ClosedByInterruptException e) {
            throw failure(xml, "cancelled while writing", e);
        } catch (IOException e) {
            throw failure(xml, "cannot be written: " + DecanterException.reason(e), e);
        }
    }

    private static IrException failure(Path xml, String what, Exception cause) {
        return new IrException(Limits.oneLine(xml + ": " + what), cause);
    }

    private static void writeFiles(Model model, Path xml, WriteListener listener) throws IOException {
        Path bin = IrReader.weightsPath(xml);
        for (Path target : new Path[] {xml, bin}) {
            if (Files.isDirectory(target)) {
                throw new IrException(target + " is a folder");
            }
        }
        Path folder = xml.resolveSibling(".").normalize();
        Files.createDirectories(folder);
        Path temporaryBin = temporary(bin);
        try {
            Path temporaryXml = temporary(xml);
            try {
                writeTemporary(model, temporaryXml, temporaryBin, listener);
                move(temporaryBin, bin);
                move(temporaryXml, xml);
            } finally {
                Files.deleteIfExists(temporaryXml);
            }
        } finally {
            Files.deleteIfExists(temporaryBin);
        }
    }

    /** A new empty file beside {@code target}, with the permissions that any new file gets (a temporary file's are less). */
    private static Path temporary(Path target) throws IOException {
        Path file = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".part");
        return Files.createFile(file);
    }

    private static void writeTemporary(Model model, Path xml, Path bin, WriteListener listener) throws IOException {
        Set<ConstantData> all = Collections.newSetFromMap(new IdentityHashMap<>());
        collect(model, all);
        long total = all.stream().mapToLong(ConstantData::byteSize).sum();
        try (FileChannel channel = FileChannel.open(bin, StandardOpenOption.READ, StandardOpenOption.WRITE);
                BinFile blobs = new BinFile(channel, listener, total);
                BufferedWriter out = Files.newBufferedWriter(xml, StandardCharsets.UTF_8)) {
            writeXml(model, out, blobs);
            blobs.finish();
        }
    }

    private static void collect(Model model, Set<ConstantData> out) {
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof Op.Constant constant) {
                out.add(constant.data());
            } else if (node.op() instanceof SubGraphOp.SubGraph graph) {
                graph.bodies().forEach(body -> collect(body.model(), out));
            }
        }
    }

    static void writeXml(Model model, Writer out, BlobSink blobs) throws IOException {
        new GraphWriter(new XmlOutput(out), blobs).write(model);
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
