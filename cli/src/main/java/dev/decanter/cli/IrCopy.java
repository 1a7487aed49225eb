package dev.decanter.cli;

import dev.decanter.export.OutputFolder;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.Model;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.file.IrWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/**
 * A model that a command reads, changes and writes elsewhere: an XML file with its BIN, or a folder with
 * {@code openvino_model.xml}, of which the other files go along.
 *
 * @param in a folder or an XML file
 * @param out of the same kind
 * @param xml the model's file in {@code in}
 */
record IrCopy(Path in, Path out, Path xml) {
    private static final String CONFIG = "config.json";

    /** Finds the model; throws {@link CommandFailure} if there is none, or if {@code out} is no place for the result. */
    static IrCopy of(Path in, Path out) {
        if (!Files.exists(in)) {
            throw new CommandFailure(in + ": does not exist; name an IR folder or an IR file (.xml)");
        }
        if (isSame(in, out)) {
            throw new CommandFailure(
                    out + ": is what is read, and would be lost; name another folder or file for the output");
        }
        if (Files.isDirectory(in)) {
            return new IrCopy(in, out, model(in));
        }
        if (!in.toString().endsWith(".xml")) {
            throw new CommandFailure(in + ": is no IR file (.xml); name one, or a folder with " + ModelFolders.MODEL);
        }
        if (!out.toString().endsWith(".xml")) {
            throw new CommandFailure(out + ": the output of an IR file must be named .xml too");
        }
        return new IrCopy(in, out, in);
    }

    private static boolean isSame(Path in, Path out) {
        try {
            return Files.exists(out) && Files.isSameFile(in, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path model(Path folder) {
        Path xml = folder.resolve(ModelFolders.MODEL);
        if (Files.isRegularFile(xml)) {
            return xml;
        }
        List<Path> others = models(folder);
        if (!others.isEmpty()) {
            throw new CommandFailure(folder + ": has no " + ModelFolders.MODEL + " but the models of a pipeline ("
                    + folder.relativize(others.getFirst()) + (others.size() > 1 ? " …" : "")
                    + "); name one of its XML files, and an XML file for the output");
        }
        throw new CommandFailure(folder + ": has no " + ModelFolders.MODEL
                + (Files.exists(folder.resolve(CONFIG))
                        ? "; is it a Hugging Face folder? 'decanter export --weight-format int4' exports and compresses one"
                        : "; name an IR folder or an IR file (.xml)"));
    }

    private static List<Path> models(Path folder) {
        try (Stream<Path> files = Files.walk(folder, 2)) {
            return files.filter(file -> file.toString().endsWith("_model.xml"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The folder with the tokenizer, if there is one. */
    Path folder() {
        return Files.isDirectory(in)
                ? in
                : in.toAbsolutePath().resolveSibling("").normalize();
    }

    /**
     * Writes the changed model and what goes along, as a whole or not at all.
     *
     * @param change gets the model and, if {@code in} is a folder, the unfinished output folder, else the one of {@code in}
     */
    <T> T write(ProgressBar progress, BiFunction<Model, Path, T> change) {
        progress.stage("reading " + xml);
        Model model = IrReader.read(xml);
        boolean whole = Files.isDirectory(in);
        List<Path> companions = whole ? companions() : List.of();
        List<String> names = companions.stream()
                .map(file -> String.valueOf(file.getFileName()))
                .toList();
        try (OutputFolder output = whole ? OutputFolder.replacing(out, names) : OutputFolder.beside(out)) {
            for (Path file : companions) {
                copy(file, output.work().resolve(file.getFileName()));
            }
            T result = change.apply(model, whole ? output.work() : folder());
            Path file = output.work().resolve(whole ? xml.getFileName() : out.getFileName());
            progress.stage("writing " + file.getFileName());
            IrWriter.write(model, file, (done, total, _) -> {
                progress.progress(done, total);
                return true;
            });
            output.commit();
            return result;
        }
    }

    private List<Path> companions() {
        Path bin = IrReader.weightsPath(xml);
        try (Stream<Path> files = Files.list(in)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !file.equals(xml) && !file.equals(bin))
                    .filter(file -> !file.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copy(Path from, Path to) {
        try {
            Files.copy(from, to);
        } catch (IOException e) {
            throw new CommandFailure(
                    from + ": cannot be copied to the output folder: " + DecanterException.reason(e), e);
        }
    }

    /** Bytes of the model's two files at {@code place}, a folder or an XML file. */
    static long size(Path place) {
        Path file = Files.isDirectory(place) ? place.resolve(ModelFolders.MODEL) : place;
        try {
            Path bin = IrReader.weightsPath(file);
            return Files.size(file) + (Files.exists(bin) ? Files.size(bin) : 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
