package dev.decanter.export.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.export.ExportException;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.safetensors.CheckpointTensor;
import dev.decanter.safetensors.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The weights of a Hugging Face folder: {@code model.safetensors}, or the shards that
 * {@code model.safetensors.index.json} lists. Every tensor must be asked for by somebody, or be known to mean nothing.
 */
public final class Checkpoint implements AutoCloseable {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private static final int NAMES_IN_MESSAGE = 5;

    /** Buffers that older releases of Transformers saved although they follow from config.json. */
    private static final Pattern HARMLESS = Pattern.compile(".*\\.rotary_emb\\.inv_freq");

    private final Path folder;
    private final List<Safetensors> files = new ArrayList<>();
    private final Map<String, CheckpointTensor> tensors = new LinkedHashMap<>();
    private final Set<String> taken = new HashSet<>();
    private final Set<String> parts = new HashSet<>();
    private long packed;

    private Checkpoint(Path folder) {
        this.folder = folder;
    }

    /**
     * Maps all weight files of a folder. Throws {@link ExportException} if there are none that are read, if one is missing
     * or broken, or if the index and the shards disagree.
     */
    public static Checkpoint open(Path folder) {
        Checkpoint opened = new Checkpoint(folder);
        try {
            opened.openFiles();
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
        return opened;
    }

    private void openFiles() {
        if (Files.isRegularFile(folder.resolve(SINGLE))) {
            tensors.putAll(openFile(SINGLE).tensors());
        } else if (Files.isRegularFile(folder.resolve(INDEX))) {
            openShards();
        } else {
            throw new ExportException(missingWeights());
        }
    }

    private Safetensors openFile(String name) {
        Safetensors file = Safetensors.open(folder.resolve(name));
        files.add(file);
        return file;
    }

    private void openShards() {
        Path index = folder.resolve(INDEX);
        JsonNode map = JsonFile.read(index).path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new ExportException(index + ": there is no weight_map from tensor names to files");
        }
        Map<String, Safetensors> shards = new HashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String tensor = entry.getKey();
            String shard = entry.getValue().asText();
            // an index comes from a stranger: it may name files of this folder only
            if (!entry.getValue().isTextual() || !shard.matches("[^/\\\\]+\\.safetensors")) {
                throw new ExportException(
                        index + ": tensor \"" + tensor + "\" is not in a .safetensors file of this folder");
            }
            if (!Files.isRegularFile(folder.resolve(shard))) {
                throw new ExportException(folder + ": shard " + shard + " is missing, though " + INDEX
                        + " lists it for \"" + tensor + "\"; download it");
            }
            CheckpointTensor found =
                    shards.computeIfAbsent(shard, this::openFile).tensors().get(tensor);
            if (found == null) {
                throw new ExportException(folder.resolve(shard) + ": tensor \"" + tensor + "\" is not there, though "
                        + INDEX + " says so");
            }
            tensors.put(tensor, found);
        }
        shards.forEach((shard, file) -> file.tensors().keySet().forEach(tensor -> {
            if (!map.path(tensor).asText().equals(shard)) {
                throw new ExportException(folder.resolve(shard) + ": tensor \"" + tensor + "\" is there, though "
                        + INDEX + " does not say so");
            }
        }));
    }

    /** Says why a folder has nothing that is read, by what lies there instead. */
    private String missingWeights() {
        Set<String> names = new TreeSet<>();
        try (Stream<Path> list = Files.list(folder)) {
            list.map(file -> file.getFileName().toString()).forEach(names::add);
        } catch (IOException e) {
            throw new ExportException(folder + ": cannot be listed: " + DecanterException.reason(e), e);
        }
        for (String name : names) {
            if (name.matches(".*\\.(bin|pt|pth|ckpt|pkl)") && !name.equals("training_args.bin")) {
                return folder + ": weights are only in the pickle " + name + ", which is not read because a pickle can "
                        + "execute code; convert it to " + SINGLE + " first (in Python: "
                        + "AutoModelForCausalLM.from_pretrained(DIR).save_pretrained(OUT, safe_serialization=True)), "
                        + "or take a repository that has safetensors";
            }
            if (name.endsWith(".gguf")) {
                return folder + ": " + name + " is a GGUF file, which is not read; take the repository in Hugging Face "
                        + "layout (config.json and " + SINGLE + ")";
            }
        }
        return folder + ": there is neither " + SINGLE + " nor " + INDEX + "; is it a Hugging Face checkpoint folder?";
    }

    /** Whether the checkpoint has a tensor of this name. */
    public boolean has(String name) {
        return tensors.containsKey(name);
    }

    /** The folder, for messages. */
    Path folder() {
        return folder;
    }

    /** Whether there is a packed matrix. */
    boolean isPacked() {
        return tensors.keySet().stream().anyMatch(name -> name.endsWith(PackedMatrix.CODES));
    }

    /** Number of elements of all floating-point tensors and of the packed matrices that were taken. */
    public long parameters() {
        return packed
                + tensors.values().stream()
                        .filter(tensor -> tensor.elementType().isFloat() && !parts.contains(tensor.name()))
                        .mapToLong(tensor -> tensor.shape().elements())
                        .sum();
    }

    /**
     * The tensor of this name, which counts as used from now on.
     *
     * @throws ExportException if there is none, if its shape is another, or if its type is not f32, f16 or bf16
     */
    public CheckpointTensor take(String name, Shape shape) {
        CheckpointTensor tensor = shaped(name, shape);
        ElementType type = tensor.elementType();
        if (type != ElementType.F32 && type != ElementType.F16 && type != ElementType.BF16) {
            throw new ExportException(tensor.file() + ": tensor \"" + name + "\" is stored as " + type.irName()
                    + "; weights must be f32, f16 or bf16");
        }
        taken.add(name);
        return tensor;
    }

    /** As {@link #take}, of a tensor of scales: it stands for no weights of its own in {@link #parameters}. */
    CheckpointTensor takeScales(String name, Shape shape) {
        CheckpointTensor tensor = take(name, shape);
        parts.add(name);
        return tensor;
    }

    /**
     * A tensor of i32 that is part of a packed matrix.
     *
     * @throws ExportException if there is none, if its shape is another, or if its type is not i32
     */
    CheckpointTensor takeWords(String name, Shape shape) {
        CheckpointTensor tensor = shaped(name, shape);
        if (tensor.elementType() != ElementType.I32) {
            throw new ExportException(tensor.file() + ": tensor \"" + name + "\" is stored as "
                    + tensor.elementType().irName() + "; packed weights must be i32");
        }
        taken.add(name);
        return tensor;
    }

    /** Takes a tensor that was taken, and is left out of the graph, out of {@link #parameters} too. */
    public void leaveOut(String name) {
        parts.add(name);
    }

    /** Counts the elements of a packed matrix as {@link #parameters}. */
    void countPacked(long elements) {
        packed += elements;
    }

    private CheckpointTensor shaped(String name, Shape shape) {
        CheckpointTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new ExportException(
                    folder + ": tensor \"" + name + "\" of shape " + shape + " is missing from the checkpoint");
        }
        if (!tensor.shape().equals(shape)) {
            throw new ExportException(tensor.file() + ": tensor \"" + name + "\" has the shape " + tensor.shape()
                    + ", but config.json asks for " + shape);
        }
        return tensor;
    }

    /**
     * Counts {@code copy} as used if it is there, since {@code original} is used in its place.
     *
     * @throws ExportException if both are there and differ
     */
    public void takeTied(String copy, String original) {
        CheckpointTensor first = tensors.get(original);
        CheckpointTensor second = tensors.get(copy);
        if (first == null || second == null) {
            return;
        }
        boolean same = first.elementType() == second.elementType()
                && first.shape().equals(second.shape())
                && first.data().mismatch(second.data()) < 0;
        if (!same) {
            throw new ExportException(second.file() + ": tensor \"" + copy + "\" differs from \"" + original
                    + "\", though tie_word_embeddings says that they are one; set it to false in config.json or remove "
                    + "the tensor");
        }
        taken.add(copy);
    }

    /** Throws {@link ExportException} naming the tensors that nobody took, but for those known to mean nothing. */
    public void requireAllTaken() {
        List<String> surplus = tensors.keySet().stream()
                .filter(name -> !taken.contains(name) && !HARMLESS.matcher(name).matches())
                .toList();
        if (!surplus.isEmpty()) {
            String more =
                    surplus.size() > NAMES_IN_MESSAGE ? " and " + (surplus.size() - NAMES_IN_MESSAGE) + " more" : "";
            throw new ExportException(folder + ": surplus tensors that this architecture does not use: "
                    + String.join(", ", surplus.subList(0, Math.min(NAMES_IN_MESSAGE, surplus.size()))) + more
                    + "; does config.json belong to these weights?");
        }
    }

    /** Unmaps the files; tensors must not be used afterwards. */
    @Override
    public void close() {
        files.forEach(Safetensors::close);
    }
}
