package dev.decanter.cli;

import dev.decanter.export.Exporter;
import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerConverter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds the IR folder behind {@code --model}: an IR folder is taken as it is; a Hugging Face folder is exported into the
 * cache, whose entries are named after the folder and a digest of the names, sizes and times of its files.
 */
final class ModelFolders {
    static final String MODEL = "openvino_model.xml";

    private static final Pattern REPOSITORY_ID = Pattern.compile("[\\w.-]+/[\\w.-]+");
    private static final int KEY_LENGTH = 16;

    private final BaseCommand command;

    ModelFolders(BaseCommand command) {
        this.command = command;
    }

    /** Where things are cached: {@code decanter.home}, {@code DECANTER_HOME} or {@code ~/.cache/decanter}. */
    static Path cache() {
        String home = System.getProperty("decanter.home", System.getenv("DECANTER_HOME"));
        return home != null && !home.isBlank()
                ? Path.of(home).toAbsolutePath()
                : Path.of(System.getProperty("user.home"), ".cache", "decanter");
    }

    /** The file in an IR folder that the text pipeline runs. */
    static Path languageModel(Path folder) {
        Path whole = folder.resolve(MODEL);
        return Files.isRegularFile(whole) ? whole : folder.resolve("openvino_language_model.xml");
    }

    /** The existing folder that {@code model} names. */
    static Path existing(String model) {
        if (model.isBlank()) {
            throw new CommandFailure("--model is empty; name the folder that holds the model");
        }
        Path folder;
        try {
            folder = Path.of(model);
        } catch (InvalidPathException e) {
            throw new CommandFailure("--model " + model + " is not a path: " + e.getReason(), e);
        }
        if (Files.isDirectory(folder)) {
            return folder;
        }
        if (Files.exists(folder)) {
            throw new CommandFailure("--model " + model + " is a file; name the folder that holds the model");
        }
        throw new CommandFailure(
                REPOSITORY_ID.matcher(model).matches()
                        ? "--model " + model + " is not a folder here; download the repository and name its folder"
                        : "--model " + model + " does not exist; name the folder that holds the model");
    }

    /** An IR folder with a model for text generation. */
    Path language(String model) {
        Path folder = existing(model);
        if (Files.exists(folder.resolve(MODEL))) {
            return folder;
        }
        if (!Files.exists(folder.resolve("config.json"))) {
            throw new CommandFailure(folder + ": has neither " + MODEL + " nor config.json; name an IR folder or a"
                    + " Hugging Face folder");
        }
        return cached("models", folder, MODEL, "exported", (from, to) -> {
            ProgressBar progress = new ProgressBar(command.err(), Terminal.watched());
            try {
                Exporter.builder()
                        .largeModels(WeightCompressor.ofLargeModels(from.toString(), progress, _ -> {}))
                        .listener(progress)
                        .tokenizer(new TokenizerStage(progress))
                        .build()
                        .export(from, to);
            } finally {
                progress.end();
            }
        });
    }

    /** A folder with a tokenizer in IR. */
    Path tokenizer(String model) {
        Path folder = existing(model);
        if (Files.exists(folder.resolve(TokenizerConverter.TOKENIZER)) || !TokenizerConverter.hasSource(folder)) {
            return folder;
        }
        return cached(
                "tokenizers",
                folder,
                TokenizerConverter.TOKENIZER,
                "converted",
                (from, to) ->
                        Outputs.folder(to, work -> TokenizerConverter.convert(from, work, ConversionOptions.DEFAULT)));
    }

    private interface Conversion {
        void run(Path from, Path to);
    }

    private Path cached(String kind, Path folder, String wanted, String verb, Conversion conversion) {
        try {
            Path real = folder.toRealPath();
            String name = String.valueOf(real.getFileName()) + "-" + digest(List.of(real.toString()));
            Path entry = cache().resolve(kind).resolve(name);
            Path current = entry.resolve(digest(state(real)));
            if (Files.exists(current.resolve(wanted))) {
                command.note("using " + current + ", " + verb + " earlier from " + folder);
                return current;
            }
            command.note(folder + " is a Hugging Face folder, it is " + verb + " into " + current);
            conversion.run(folder, current);
            Outputs.keepOnly(entry, current);
            return current;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a change of the folder changes; this version too, as another one may export otherwise. */
    private static List<String> state(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<String> lines = new java.util.ArrayList<>(List.of(Version.current()));
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                lines.add(file.getFileName() + " " + Files.size(file) + " " + Files.getLastModifiedTime(file));
            }
            return lines;
        }
    }

    private static String digest(List<String> lines) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash).substring(0, KEY_LENGTH);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Bytes of a folder's files. */
    static long size(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            long sum = 0;
            for (Path file : files.toList()) {
                sum += Files.size(file);
            }
            return sum;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
