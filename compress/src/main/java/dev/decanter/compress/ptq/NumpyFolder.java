package dev.decanter.compress.ptq;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Calibration samples from {@code .npy} files; see {@link CalibrationDataset#numpy}. Files are read when a sample is.
 */
public final class NumpyFolder implements CalibrationDataset {
    private static final String ENDING = ".npy";

    private final Map<String, Op.Parameter> inputs;
    private final List<Map<String, Path>> samples;

    private NumpyFolder(Map<String, Op.Parameter> inputs, List<Map<String, Path>> samples) {
        this.inputs = inputs;
        this.samples = samples;
    }

    /** Finds the files; throws {@link CompressionException} if they are not one for each input and sample. */
    public static CalibrationDataset of(Path folder, Model model) {
        Map<String, Op.Parameter> inputs = new LinkedHashMap<>();
        for (Node parameter : model.parameters()) {
            String name = Model.tensorNames(parameter).stream().findFirst().orElse(parameter.name());
            inputs.put(name, (Op.Parameter) parameter.op());
        }
        List<Path> subfolders = list(folder, Files::isDirectory);
        List<Map<String, Path>> samples;
        if (subfolders.isEmpty()) {
            samples = flat(folder, inputs);
        } else if (subfolders.stream().allMatch(f -> inputs.containsKey(nameOf(f)))) {
            samples = byInput(folder, inputs);
        } else {
            samples = bySample(folder, subfolders, inputs);
        }
        return new NumpyFolder(inputs, samples);
    }

    private static List<Path> list(Path folder, Predicate<Path> wanted) {
        if (!Files.isDirectory(folder)) {
            throw new CompressionException(folder + ": is no folder; --dataset takes a folder of .npy files here");
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(wanted).sorted().toList();
        } catch (IOException e) {
            throw new CompressionException(folder + ": cannot be listed: " + e.getMessage(), e);
        }
    }

    private static String nameOf(Path path) {
        return path.getFileName().toString();
    }

    private static String stem(Path path) {
        String name = nameOf(path);
        return name.substring(0, name.length() - ENDING.length());
    }

    /** {@code ids/0001.npy}, {@code mask/0001.npy}: a folder for each input. */
    private static List<Map<String, Path>> byInput(Path folder, Map<String, Op.Parameter> inputs) {
        Map<String, Map<String, Path>> samples = new LinkedHashMap<>();
        for (String input : inputs.keySet()) {
            for (Path file : list(folder.resolve(input), NumpyFile::isOne)) {
                samples.computeIfAbsent(nameOf(file), _ -> new LinkedHashMap<>())
                        .put(input, file);
            }
        }
        return complete(folder, samples, inputs);
    }

    /** {@code 0001/ids.npy}, {@code 0001/mask.npy}: a folder for each sample. */
    private static List<Map<String, Path>> bySample(
            Path folder, List<Path> subfolders, Map<String, Op.Parameter> inputs) {
        Map<String, Map<String, Path>> samples = new LinkedHashMap<>();
        for (Path subfolder : subfolders) {
            Map<String, Path> files = samples.computeIfAbsent(nameOf(subfolder), _ -> new LinkedHashMap<>());
            list(subfolder, NumpyFile::isOne).forEach(f -> files.put(stem(f), f));
        }
        return complete(folder, samples, inputs);
    }

    /**
     * {@code 0001.ids.npy}, {@code 0001.mask.npy}; {@code ids.npy} for one sample; any name for a model of one input.
     */
    private static List<Map<String, Path>> flat(Path folder, Map<String, Op.Parameter> inputs) {
        Map<String, Map<String, Path>> samples = new LinkedHashMap<>();
        for (Path file : list(folder, NumpyFile::isOne)) {
            String stem = stem(file);
            String input = inputs.keySet().stream()
                    .filter(n -> stem.equals(n) || stem.endsWith("." + n))
                    .findFirst()
                    .orElseGet(() ->
                            inputs.size() == 1 ? inputs.keySet().iterator().next() : "");
            if (input.isEmpty()) {
                throw new CompressionException(
                        file + ": names none of the inputs " + inputs.keySet() + "; call files <sample>.<input>.npy");
            }
            String sample = stem.endsWith("." + input) ? stem.substring(0, stem.length() - input.length()) : stem;
            String key = stem.equals(input) ? "" : sample;
            samples.computeIfAbsent(key, _ -> new LinkedHashMap<>()).put(input, file);
        }
        return complete(folder, samples, inputs);
    }

    private static List<Map<String, Path>> complete(
            Path folder, Map<String, Map<String, Path>> samples, Map<String, Op.Parameter> inputs) {
        if (samples.isEmpty()) {
            throw new CompressionException(
                    folder + ": has no .npy file; give files or folders named as the inputs " + inputs.keySet());
        }
        samples.forEach((name, files) -> {
            if (!files.keySet().equals(inputs.keySet())) {
                throw new CompressionException(folder + ": sample \"" + name + "\" has arrays for " + files.keySet()
                        + ", but the model's inputs are " + inputs.keySet());
            }
        });
        return new ArrayList<>(samples.values());
    }

    @Override
    public int size() {
        return samples.size();
    }

    @Override
    public Map<String, Tensor> sample(int i) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        samples.get(i).forEach((name, path) -> tensors.put(name, tensor(path, input(name))));
        return tensors;
    }

    private Op.Parameter input(String name) {
        Op.Parameter parameter = inputs.get(name);
        if (parameter == null) {
            throw new IllegalStateException(name);
        }
        return parameter;
    }

    private static Tensor tensor(Path path, Op.Parameter input) {
        NumpyFile file = NumpyFile.open(path);
        if (!input.shape().admits(file.shape())) {
            throw new CompressionException(
                    path + ": has shape " + file.shape() + ", but the input takes " + input.shape());
        }
        return file.tensor(input.elementType() == ElementType.DYNAMIC ? file.type() : input.elementType());
    }
}
