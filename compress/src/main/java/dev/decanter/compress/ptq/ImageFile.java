package dev.decanter.compress.ptq;

import dev.decanter.compress.CompressionException;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.FileImageInputStream;
import javax.imageio.stream.ImageInputStream;

/** Reads PNG and JPEG images. Sizes are checked before anything is decoded: a small file can claim a huge image. */
final class ImageFile {
    private static final long MOST_BYTES = 64L << 20;
    private static final long MOST_PIXELS = 64L << 20;
    private static final Set<String> FORMATS = Set.of("png", "jpeg", "jpg");

    private ImageFile() {}

    static boolean isOne(Path path) {
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        return Files.isRegularFile(path) && (name.endsWith(".png") || name.endsWith(".jpg") || name.endsWith(".jpeg"));
    }

    /** Throws {@link CompressionException} naming the file if it is too large or no such image. */
    static Pixels read(Path path) {
        try {
            if (Files.size(path) > MOST_BYTES) {
                throw new CompressionException(path + ": is larger than " + (MOST_BYTES >> 20) + " MB; leave it out");
            }
            try (ImageInputStream stream = new FileImageInputStream(path.toFile())) {
                return decode(path, stream);
            }
        } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException e) {
            // the decoders of the JDK throw all of these for broken files
            throw new CompressionException(path + ": is no image that can be read: " + e.getMessage(), e);
        }
    }

    private static Pixels decode(Path path, ImageInputStream stream) throws IOException {
        Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
        if (!readers.hasNext()) {
            throw new CompressionException(path + ": is neither PNG nor JPEG; convert it");
        }
        ImageReader reader = readers.next();
        try {
            if (!FORMATS.contains(reader.getFormatName().toLowerCase(Locale.ROOT))) {
                throw new CompressionException(path + ": is neither PNG nor JPEG; convert it");
            }
            reader.setInput(stream, true, true);
            long width = reader.getWidth(0);
            long height = reader.getHeight(0);
            if (width < 1 || height < 1 || width * height > MOST_PIXELS) {
                throw new CompressionException(path + ": is " + width + " × " + height + " pixels; "
                        + (MOST_PIXELS >> 20) + " million are the most");
            }
            return pixels(reader.read(0));
        } finally {
            reader.dispose();
        }
    }

    private static Pixels pixels(BufferedImage image) {
        Pixels out = Pixels.of(image.getWidth(), image.getHeight());
        // BufferedImage brightens grey by a gamma that images do not have, so grey is taken as it is stored
        boolean grey = image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY;
        Raster raster = image.getRaster();
        int shift = Math.max(0, raster.getSampleModel().getSampleSize(0) - 8);
        int spread = grey && shift == 0 ? 255 / ((1 << raster.getSampleModel().getSampleSize(0)) - 1) : 1;
        for (int y = 0; y < out.height(); y++) {
            for (int x = 0; x < out.width(); x++) {
                int rgb = grey ? 0 : image.getRGB(x, y);
                int level = grey ? (raster.getSample(x, y, 0) >> shift) * spread : 0;
                for (int c = 0; c < Pixels.CHANNELS; c++) {
                    out.set(x, y, c, grey ? level : rgb >> (16 - 8 * c));
                }
            }
        }
        return out;
    }
}
