package dev.decanter.compress.statistics;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.safetensors.CheckpointTensor;
import dev.decanter.safetensors.Safetensors;
import dev.decanter.safetensors.SafetensorsException;
import dev.decanter.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Statistics in a folder, as NNCF dumps them for {@code --quantization-statistics-path}: {@code statistics_metadata.json}, which names a
 * safetensors file for each statistic of each value. Ours say besides of which model and data they are; others' are not believed to
 * be of any.
 */
final class StatisticsFolder {
    private static final String METADATA = "statistics_metadata.json";
    private static final String BACKEND = "OpenVINO";
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Pattern NO_WORD = Pattern.compile("\\W", Pattern.UNICODE_CHARACTER_CLASS);
    /** NNCF's number for "behind a layer". */
    private static final int POST_LAYER = 4;

    private static final String MEANS = "WCTensorStatistic";
    private static final Map<String, String> SCALARS = new LinkedHashMap<>();

    static {
        SCALARS.put("MeanVarianceTensorStatistic", "mean_variance");
        SCALARS.put("MaxVarianceTensorStatistic", "max_variance");
        SCALARS.put("MeanMagnitudeTensorStatistic", "mean_magnitude");
        SCALARS.put("HessianTensorStatistic", "hessian");
    }

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path folder;
    private final String model;
    private final String dataset;
    private final int samples;

    /**
     * A folder that need not exist.
     *
     * @param model fingerprint of the model
     * @param dataset fingerprint of the data
     * @param samples how many of them
     */
    StatisticsFolder(Path folder, String model, String dataset, int samples) {
        this.folder = folder;
        this.model = model;
        this.dataset = dataset;
        this.samples = samples;
    }

    /**
     * Writes the statistics of all inputs. The file that names the others comes last and at once, so that what was interrupted is
     * not taken for whole.
     */
    void write(Map<ActivationInput, LayerStatistics> all) {
        try {
            Files.createDirectories(folder);
            Files.deleteIfExists(folder.resolve(METADATA));
            ObjectNode mapping = JSON.createObjectNode();
            Map<String, Integer> names = new HashMap<>();
            all.forEach((input, statistics) -> {
                write(mapping, names, key(MEANS, input), means(statistics));
                SCALARS.forEach((type, tensor) ->
                        write(mapping, names, key(type, input), new SafetensorsWriter().f32(tensor, new float[] {
                                    scalar(type, statistics)
                                })));
            });
            ObjectNode metadata = JSON.createObjectNode();
            metadata.set("mapping", mapping);
            metadata.put("backend", BACKEND);
            metadata.put("subset_size", samples);
            ObjectNode ours = metadata.putObject("decanter");
            ours.put("model", model);
            ours.put("dataset", dataset);
            Path part = folder.resolve(METADATA + ".part");
            Files.writeString(part, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(metadata));
            Files.move(
                    part,
                    folder.resolve(METADATA),
                    StandardCopyOption.REPLACE_EXISTING,
                    StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new CompressionException(
                    folder + ": statistics cannot be written: " + DecanterException.reason(e)
                            + "; name another folder with --quantization-statistics-path",
                    e);
        } catch (SafetensorsException e) {
            throw new CompressionException("statistics cannot be written: " + e.getMessage(), e);
        }
    }

    private void write(ObjectNode mapping, Map<String, Integer> names, String key, SafetensorsWriter tensors) {
        String plain = NO_WORD.matcher(key).replaceAll("_");
        String file = plain + "_" + names.merge(plain, 1, Integer::sum) + ".safetensors";
        mapping.put(file, key);
        tensors.write(folder.resolve(file));
    }

    private static String key(String type, ActivationInput input) {
        String key = type + "_" + input.name() + "_" + POST_LAYER + "_"
                + input.value().index();
        return input.channelAxis() == -1 ? key : key + "_transposed";
    }

    /** mean_values [S, I] (or [S, batch, I]) and shape_values [S, rank]; of the shape we keep the number of rows. */
    private static SafetensorsWriter means(LayerStatistics statistics) {
        int samples = statistics.samples();
        int width = statistics.batch() * statistics.channels();
        float[] values = new float[samples * width];
        for (int s = 0; s < samples; s++) {
            for (int c = 0; c < width; c++) {
                values[s * width + c] = statistics.means()[c * samples + s];
            }
        }
        boolean batched = statistics.batch() > 1;
        int rank = 3;
        ByteBuffer shapes = ByteBuffer.allocate(Integer.BYTES * rank * samples).order(ByteOrder.LITTLE_ENDIAN);
        for (long rows : statistics.lengths()) {
            shapes.putInt(statistics.batch());
            shapes.putInt(Math.toIntExact(rows / statistics.batch()));
            shapes.putInt(statistics.channels());
        }
        SafetensorsWriter writer = new SafetensorsWriter();
        long[] dims = batched
                ? new long[] {samples, statistics.batch(), statistics.channels()}
                : new long[] {samples, statistics.channels()};
        return writer.f32("mean_values", values, dims).add("shape_values", "I32", shapes.array(), samples, rank);
    }

    private static float scalar(String type, LayerStatistics statistics) {
        return (float)
                switch (type) {
                    case "MeanVarianceTensorStatistic" -> statistics.meanVariance();
                    case "MaxVarianceTensorStatistic" -> statistics.maxVariance();
                    case "MeanMagnitudeTensorStatistic" -> statistics.meanMagnitude();
                    default -> statistics.hessianTrace();
                };
    }

    /**
     * The statistics of those of {@code inputs} that the folder has, which may be none.
     *
     * @throws CompressionException if the folder is of another model, other data or another number of samples, or is damaged
     */
    Map<ActivationInput, LayerStatistics> read(List<ActivationInput> inputs, CompressionListener listener) {
        Map<ActivationInput, LayerStatistics> found = new LinkedHashMap<>();
        if (!Files.exists(folder.resolve(METADATA))) {
            return found;
        }
        JsonNode metadata = metadata();
        check(metadata, listener);
        Map<String, Path> files = new HashMap<>();
        metadata.path("mapping")
                .properties()
                .forEach(file -> files.put(
                        file.getValue().asText(),
                        folder.resolve(Path.of(file.getKey()).getFileName())));
        for (ActivationInput input : inputs) {
            if (files.containsKey(key(MEANS, input))
                    && SCALARS.keySet().stream().allMatch(type -> files.containsKey(key(type, input)))) {
                found.put(input, read(input, files));
            }
        }
        return found;
    }

    private JsonNode metadata() {
        try {
            return JSON.readTree(folder.resolve(METADATA).toFile());
        } catch (JacksonException e) {
            throw damaged("is not valid JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new CompressionException(
                    folder.resolve(METADATA) + ": cannot be read: " + DecanterException.reason(e), e);
        }
    }

    private void check(JsonNode metadata, CompressionListener listener) {
        if (!metadata.path("mapping").isObject()
                || !metadata.path("backend").asText().equals(BACKEND)) {
            throw damaged("does not name files of statistics that were collected with OpenVINO's layers");
        }
        JsonNode ours = metadata.path("decanter");
        if (!ours.isObject()) {
            listener.note(
                    folder + ": does not say of which model and data its statistics are; they are used as they are");
            return;
        }
        stale(ours.path("model").asText().equals(model), "another model");
        stale(ours.path("dataset").asText().equals(dataset), "other calibration data");
    }

    private void stale(boolean fits, String whose) {
        if (!fits) {
            throw new CompressionException(folder + ": holds the statistics of " + whose
                    + "; delete the folder, or name another one with --quantization-statistics-path");
        }
    }

    private LayerStatistics read(ActivationInput input, Map<String, Path> files) {
        Map<String, Float> scalars = new HashMap<>();
        SCALARS.forEach((type, tensor) -> {
            Path file = file(files, key(type, input));
            try (Safetensors tensors = Safetensors.open(file)) {
                scalars.put(type, floats(file, tensors, tensor)[0]);
            }
        });
        Path file = file(files, key(MEANS, input));
        try (Safetensors tensors = Safetensors.open(file)) {
            CheckpointTensor means = tensor(file, tensors, "mean_values", ElementType.F32);
            CheckpointTensor shapes = tensor(file, tensors, "shape_values", ElementType.I32);
            Shape shape = means.shape();
            boolean fits = (shape.rank() == 2 || shape.rank() == 3)
                    && shapes.shape().rank() == 2
                    && shapes.shape().dim(0) == shape.dim(0);
            if (!fits) {
                throw damaged(file + " has means of shape " + shape + " for shapes of shape " + shapes.shape());
            }
            int batch = shape.rank() == 3 ? Math.toIntExact(shape.dim(1)) : 1;
            int channels = Math.toIntExact(shape.dim(-1));
            int read = Math.toIntExact(shape.dim(0));
            float[] rows = floats(file, tensors, "mean_values");
            float[] columns = new float[rows.length];
            int width = batch * channels;
            for (int s = 0; s < read; s++) {
                for (int c = 0; c < width; c++) {
                    columns[c * read + s] = rows[s * width + c];
                }
            }
            return new LayerStatistics(
                    batch,
                    channels,
                    columns,
                    lengths(shapes, channels),
                    scalar(scalars, "MeanVarianceTensorStatistic"),
                    scalar(scalars, "MaxVarianceTensorStatistic"),
                    scalar(scalars, "MeanMagnitudeTensorStatistic"),
                    scalar(scalars, "HessianTensorStatistic"),
                    Optional.empty());
        }
    }

    private static double scalar(Map<String, Float> scalars, String type) {
        return scalars.getOrDefault(type, 0f);
    }

    /** Rows of each sample. */
    private static long[] lengths(CheckpointTensor shapes, int channels) {
        long[] lengths = new long[Math.toIntExact(shapes.shape().dim(0))];
        long rank = shapes.shape().dim(1);
        for (int s = 0; s < lengths.length; s++) {
            long elements = 1;
            for (long i = 0; i < rank; i++) {
                elements *= shapes.data().get(INT, (s * rank + i) * Integer.BYTES);
            }
            lengths[s] = elements / channels;
        }
        return lengths;
    }

    private Path file(Map<String, Path> files, String key) {
        Path file = files.get(key);
        if (file == null || !Files.exists(file)) {
            throw damaged("names a file for " + key + " that is not there");
        }
        return file;
    }

    private CheckpointTensor tensor(Path file, Safetensors tensors, String name, ElementType type) {
        CheckpointTensor tensor = tensors.tensors().get(name);
        if (tensor == null || tensor.elementType() != type || tensor.shape().elements() == 0) {
            throw damaged(file + " has no " + name + " of type " + type.irName());
        }
        return tensor;
    }

    private float[] floats(Path file, Safetensors tensors, String name) {
        CheckpointTensor tensor = tensor(file, tensors, name, ElementType.F32);
        float[] values = new float[Math.toIntExact(tensor.shape().elements())];
        MemorySegment.copy(tensor.data(), FLOAT, 0, values, 0, values.length);
        return values;
    }

    private CompressionException damaged(String what) {
        return new CompressionException(
                folder.resolve(METADATA) + ": " + what + "; delete the folder to collect them again");
    }
}
