package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.bench.RandomCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The models of a shape in a folder: the random checkpoint, our IR of each format, and GGUF. They are made when they are missing;
 * what only served to make others (the checkpoint, the F16 file that llama.cpp quantizes) is deleted again if it was made here.
 */
final class PeerModels {
    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final String shape;
    private final Path libraries;
    private final boolean keep;
    private final int threads;

    /** {@code libraries} are llama.cpp's, which quantizes by {@code threads}; {@code keep} deletes nothing. */
    PeerModels(Path folder, String shape, Path libraries, int threads, boolean keep) {
        this.folder = folder;
        this.shape = shape;
        this.libraries = libraries;
        this.threads = threads;
        this.keep = keep;
    }

    /** Our model of a format. */
    Path ir(FormatPair pair) {
        return folder.resolve(shape + "-" + pair.name());
    }

    /** llama.cpp's model of a format. */
    Path gguf(FormatPair pair) {
        return gguf(pair.gguf());
    }

    private Path gguf(String type) {
        return folder.resolve(shape + "." + type + ".gguf");
    }

    /** A model that runs in no time, made anew. */
    Path tiny() throws IOException {
        Path checkpoint = folder.resolve(RandomCheckpoint.TINY);
        RandomCheckpoint.write(RandomCheckpoint.TINY, checkpoint);
        Path gguf = folder.resolve(RandomCheckpoint.TINY + ".gguf");
        GgufCheckpoint.write(checkpoint, gguf);
        return gguf;
    }

    /** Makes what is missing for these formats. */
    void make(List<FormatPair> pairs) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        List<FormatPair> exports =
                pairs.stream().filter(pair -> !Files.exists(ir(pair))).toList();
        List<String> types = pairs.stream()
                .map(FormatPair::gguf)
                .distinct()
                .filter(type -> !Files.exists(gguf(type)))
                .toList();
        Path half = gguf(FormatPair.F16);
        boolean makesHalf = !types.isEmpty() && !Files.exists(half);
        Path checkpoint = folder.resolve(shape);
        boolean makesCheckpoint = (!exports.isEmpty() || makesHalf) && !Files.exists(checkpoint);
        if (makesCheckpoint) {
            say("random checkpoint", checkpoint);
            Path part = folder.resolve(shape + ".part");
            RandomCheckpoint.write(shape, part);
            Files.move(part, checkpoint);
        }
        for (FormatPair pair : exports) {
            say(pair.name(), ir(pair));
            ExportMemory.export(checkpoint, ir(pair), pair.mode(), pair.groupSize());
        }
        if (makesHalf) {
            say(FormatPair.F16, half);
            Path part = folder.resolve(half.getFileName() + ".part");
            GgufCheckpoint.write(checkpoint, part);
            Files.move(part, half, StandardCopyOption.ATOMIC_MOVE);
        }
        if (makesCheckpoint && !keep) {
            delete(checkpoint);
        }
        for (String type : types) {
            if (!type.equals(FormatPair.F16)) {
                quantize(half, type);
            }
        }
        boolean wanted = pairs.stream().anyMatch(pair -> pair.gguf().equals(FormatPair.F16));
        if (makesHalf && !wanted && !keep) {
            delete(half);
        }
    }

    private void quantize(Path half, String type) throws IOException, InterruptedException {
        Path to = gguf(type);
        say(type, to);
        Path part = folder.resolve(to.getFileName() + ".part");
        Path log = folder.resolve(to.getFileName() + ".log");
        List<String> arguments =
                List.of(libraries.toString(), half.toString(), part.toString(), type, Integer.toString(threads));
        JavaProcess.run(JavaProcess.command(List.of(), LlamaQuantizer.class, arguments), log);
        Files.move(part, to, StandardCopyOption.ATOMIC_MOVE);
        Files.delete(log);
    }

    private static void say(String what, Path file) {
        System.out.println("making " + what + ": " + file);
    }

    private static void delete(Path path) throws IOException {
        System.out.println("deleting " + path);
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** {@code vocab_size} of a format's model. */
    int vocabulary(FormatPair pair) throws IOException {
        return config(pair).path("vocab_size").asInt();
    }

    /** Bytes of our weights. */
    long weightBytes(FormatPair pair) throws IOException {
        return Files.size(ir(pair).resolve("openvino_model.bin"));
    }

    /** Bytes of keys and values in f16 for a sequence of {@code tokens}. */
    long cacheBytes(FormatPair pair, int tokens) throws IOException {
        JsonNode config = config(pair);
        return 2L
                * config.path("num_hidden_layers").asLong()
                * config.path("num_key_value_heads").asLong()
                * config.path("head_dim").asLong()
                * tokens
                * Short.BYTES;
    }

    private JsonNode config(FormatPair pair) throws IOException {
        return JSON.readTree(ir(pair).resolve("config.json").toFile());
    }
}
