package dev.decanter.compress.ptq;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.decanter.compress.CompressionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a model's {@code preprocessor_config.json} says is done to images: resize, crop to the middle, rescale,
 * normalise.
 *
 * @param resize the size to bring images to; empty for none
 * @param crop the part to keep; empty for all
 * @param factor what 8-bit values are multiplied with
 * @param mean what is subtracted then, by channel
 * @param deviation what is divided by then
 */
record ImagePreprocessing(
        Optional<Size> resize,
        Optional<Size> crop,
        Resampling resampling,
        double factor,
        List<Double> mean,
        List<Double> deviation) {
    private static final String FILE = "preprocessor_config.json";
    private static final long LONGEST = 1 << 20;
    private static final int MOST_PIXELS = 16384;

    /** Width and height; or the shorter edge as both, with {@code keepRatio}. */
    record Size(int width, int height, boolean keepRatio) {}

    /**
     * Reads the file of a model folder; throws {@link CompressionException} if it is missing or asks for something
     * else.
     */
    static ImagePreprocessing of(Path modelFolder) {
        Path file = modelFolder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new CompressionException(modelFolder + ": has no " + FILE
                    + ", which says how images become inputs; copy it from the original model");
        }
        try {
            if (Files.size(file) > LONGEST) {
                throw new CompressionException(file + ": is too large for a configuration");
            }
            return parsed(file, new ObjectMapper().readTree(Files.readString(file)));
        } catch (IOException e) {
            throw new CompressionException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static ImagePreprocessing parsed(Path file, JsonNode config) {
        if (config == null || !config.isObject()) {
            throw new CompressionException(file + ": is no JSON object");
        }
        for (String unknown : List.of("do_flip_channel_order", "do_pad", "do_reduce_labels", "do_image_splitting")) {
            if (config.path(unknown).asBoolean(false)) {
                throw new CompressionException(
                        file + ": asks for " + unknown + ", which is not known; give .npy tensors instead of images");
            }
        }
        Optional<Size> resize = config.path("do_resize").asBoolean(config.has("size"))
                ? Optional.of(size(file, config, "size"))
                : Optional.empty();
        Optional<Size> crop = config.path("do_center_crop").asBoolean(config.has("crop_size"))
                ? Optional.of(size(file, config, "crop_size"))
                : Optional.empty();
        double factor = config.path("do_rescale").asBoolean(true)
                ? config.path("rescale_factor").asDouble(1 / 255.0)
                : 1;
        boolean normalize = config.path("do_normalize").asBoolean(config.has("image_mean"));
        Resampling filter = Resampling.numbered(config.path("resample").asInt(2))
                .orElseThrow(() -> new CompressionException(
                        file + ": resample " + config.path("resample") + " is none of Pillow's filters, 0 to 5"));
        return new ImagePreprocessing(
                resize,
                crop,
                filter,
                factor,
                normalize ? numbers(file, config, "image_mean") : List.of(0.0, 0.0, 0.0),
                normalize ? numbers(file, config, "image_std") : List.of(1.0, 1.0, 1.0));
    }

    private static List<Double> numbers(Path file, JsonNode config, String key) {
        List<Double> numbers = new ArrayList<>();
        config.path(key).forEach(n -> numbers.add(n.asDouble()));
        boolean zero = key.equals("image_std") && numbers.contains(0.0);
        if (numbers.size() != Pixels.CHANNELS || zero) {
            throw new CompressionException(
                    file + ": " + key + " must be three numbers" + (zero ? " other than 0" : ""));
        }
        return numbers;
    }

    private static Size size(Path file, JsonNode config, String key) {
        JsonNode size = config.path(key);
        int shortest = size.path("shortest_edge").asInt(0);
        boolean square = size.isInt();
        boolean ratio = shortest > 0 || (square && key.equals("size") && isCropped(config));
        int width = shortest > 0
                ? shortest
                : square ? size.asInt() : size.path("width").asInt(0);
        int height = shortest > 0
                ? shortest
                : square ? size.asInt() : size.path("height").asInt(0);
        if (width < 1 || height < 1 || width > MOST_PIXELS || height > MOST_PIXELS) {
            throw new CompressionException(
                    file + ": " + key + " must have height and width, or shortest_edge, of 1 to " + MOST_PIXELS);
        }
        return new Size(width, height, ratio);
    }

    /** Old configurations give one number for the shorter edge of an image that is cropped then. */
    private static boolean isCropped(JsonNode config) {
        return config.path("do_center_crop").asBoolean(false);
    }

    /**
     * The image as f32 values; {@code channelsFirst} says in which order. Height and width are those of {@link
     * #result}.
     */
    float[] apply(Pixels image, boolean channelsFirst) {
        int plane = image.width() * image.height();
        float[] out = new float[Math.multiplyExact(plane, Pixels.CHANNELS)];
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                int pixel = y * image.width() + x;
                for (int c = 0; c < Pixels.CHANNELS; c++) {
                    float value = (float) (image.get(x, y, c) * factor);
                    float normal = (value - mean.get(c).floatValue())
                            / deviation.get(c).floatValue();
                    out[channelsFirst ? c * plane + pixel : pixel * Pixels.CHANNELS + c] = normal;
                }
            }
        }
        return out;
    }

    /** The resized and cropped image; {@code path} is for messages. */
    Pixels result(Pixels image, Path path) {
        Pixels sized = image;
        if (resize.isPresent()) {
            Size wanted = resize.get();
            int width = wanted.width();
            int height = wanted.height();
            if (wanted.keepRatio()) {
                long shorter = Math.min(image.width(), image.height());
                width = image.width() == shorter ? width : longer(width, image.width(), shorter, path);
                height = image.height() == shorter ? height : longer(height, image.height(), shorter, path);
            }
            sized = resampling.resize(image, width, height);
        }
        if (crop.isEmpty()) {
            return sized;
        }
        if (sized.width() < crop.get().width() || sized.height() < crop.get().height()) {
            throw new CompressionException(path + ": is " + sized.width() + " × " + sized.height()
                    + " pixels when resized, which is less than the crop of "
                    + crop.get().width() + " × "
                    + crop.get().height() + "; leave it out");
        }
        return sized.centre(crop.get().width(), crop.get().height());
    }

    private static int longer(int edge, long size, long shorter, Path path) {
        long scaled = edge * size / shorter;
        if (scaled > MOST_PIXELS) {
            throw new CompressionException(path + ": is too narrow an image to be resized; leave it out");
        }
        return (int) scaled;
    }
}
