package dev.decanter.compress.ptq;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Calibration samples from images; see {@link CalibrationDataset#images}. Images are read when a sample is. */
public final class ImageFolder implements CalibrationDataset {
    private final List<Path> files;
    private final ImagePreprocessing preprocessing;
    private final String input;
    private final PartialShape shape;
    private final boolean channelsFirst;

    private ImageFolder(
            List<Path> files,
            ImagePreprocessing preprocessing,
            String input,
            PartialShape shape,
            boolean channelsFirst) {
        this.files = files;
        this.preprocessing = preprocessing;
        this.input = input;
        this.shape = shape;
        this.channelsFirst = channelsFirst;
    }

    /**
     * Finds the images and reads the model folder's configuration; throws {@link CompressionException} if either is
     * amiss.
     */
    public static CalibrationDataset of(Path folder, Path modelFolder, Model model) {
        if (model.parameters().size() != 1) {
            throw new CompressionException("model \"" + model.name() + "\" has "
                    + model.parameters().size() + " inputs, and images are one; give .npy tensors for all of them");
        }
        Node parameter = model.parameters().getFirst();
        Op.Parameter op = (Op.Parameter) parameter.op();
        PartialShape shape = op.shape();
        boolean ranked = shape.hasRank() && shape.rank() == 4;
        boolean first = ranked && admitsColours(shape, 1);
        if (op.elementType() != ElementType.F32 || !ranked || !(first || admitsColours(shape, 3))) {
            throw new CompressionException("input \"" + parameter.name() + "\" takes "
                    + op.elementType().irName() + shape + ", which images do not fit; give .npy tensors");
        }
        boolean last = shape.dim(3).isStatic() && shape.dim(3).size() == Pixels.CHANNELS;
        boolean channelsFirst = first && !(last && !shape.dim(1).isStatic());
        String name = Model.tensorNames(parameter).stream().findFirst().orElse(parameter.name());
        return new ImageFolder(list(folder), ImagePreprocessing.of(modelFolder), name, shape, channelsFirst);
    }

    private static boolean admitsColours(PartialShape shape, int axis) {
        return shape.dim(axis).admits(Pixels.CHANNELS);
    }

    private static List<Path> list(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new CompressionException(folder + ": is no folder; --dataset takes a folder of images here");
        }
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> found = entries.filter(ImageFile::isOne).sorted().toList();
            if (found.isEmpty()) {
                throw new CompressionException(folder + ": has no image; give .png, .jpg or .jpeg files");
            }
            return found;
        } catch (IOException e) {
            throw new CompressionException(folder + ": cannot be listed: " + e.getMessage(), e);
        }
    }

    @Override
    public int size() {
        return files.size();
    }

    @Override
    public Map<String, Tensor> sample(int i) {
        Path path = files.get(i);
        Pixels pixels = preprocessing.result(ImageFile.read(path), path);
        Shape wanted = channelsFirst
                ? Shape.of(1, Pixels.CHANNELS, pixels.height(), pixels.width())
                : Shape.of(1, pixels.height(), pixels.width(), Pixels.CHANNELS);
        if (!shape.admits(wanted)) {
            throw new CompressionException(path + ": becomes a tensor of shape " + wanted + ", but the input takes "
                    + shape + "; set size and crop_size in preprocessor_config.json accordingly");
        }
        return Map.of(input, Tensor.ofFloats(wanted, preprocessing.apply(pixels, channelsFirst)));
    }
}
