package dev.decanter.compress.ptq;

import java.util.List;
import java.util.Optional;

/**
 * Resizing of 8-bit images as Pillow does it: a filter as wide as the reduction, first along rows and then along
 * columns, in fixed point of 22 bits, rounded to 8 bits after each.
 */
enum Resampling {
    NEAREST(0),
    LANCZOS(3),
    BILINEAR(1),
    BICUBIC(2),
    BOX(0.5),
    HAMMING(1);

    private static final int BITS = 22;
    private static final List<Resampling> BY_NUMBER = List.of(NEAREST, LANCZOS, BILINEAR, BICUBIC, BOX, HAMMING);

    private final double support;

    Resampling(double support) {
        this.support = support;
    }

    /** The filter of Pillow's number, 0 to 5; empty for another number. */
    static Optional<Resampling> numbered(int number) {
        return number < 0 || number >= BY_NUMBER.size() ? Optional.empty() : Optional.of(BY_NUMBER.get(number));
    }

    private double filter(double x) {
        return switch (this) {
            case NEAREST -> 1;
            case LANCZOS -> lanczos(x);
            case BILINEAR -> Math.max(0, 1 - Math.abs(x));
            case BICUBIC -> cubic(x);
            case BOX -> x > -0.5 && x <= 0.5 ? 1 : 0;
            case HAMMING -> hamming(x);
        };
    }

    private static double sinc(double x) {
        return x == 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    }

    private static double lanczos(double x) {
        return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
    }

    private static double hamming(double x) {
        double at = Math.abs(x);
        return at == 0 ? 1 : at >= 1 ? 0 : sinc(at) * (0.54 + 0.46 * Math.cos(Math.PI * at));
    }

    private static double cubic(double x) {
        double at = Math.abs(x);
        if (at < 1) {
            return (1.5 * at - 2.5) * at * at + 1;
        }
        return at < 2 ? -0.5 * (((at - 5) * at + 8) * at - 4) : 0;
    }

    /** Resizes an image of interleaved channels; sizes are 1 or more. */
    Pixels resize(Pixels image, int width, int height) {
        if (this == NEAREST) {
            return nearest(image, width, height);
        }
        Pixels rows = image.width() == width ? image : along(image, width, true);
        return rows.height() == height ? rows : along(rows, height, false);
    }

    private static Pixels nearest(Pixels image, int width, int height) {
        Pixels out = Pixels.of(width, height);
        for (int y = 0; y < height; y++) {
            int fromY = (int) ((y + 0.5) * image.height() / height);
            for (int x = 0; x < width; x++) {
                int fromX = (int) ((x + 0.5) * image.width() / width);
                for (int c = 0; c < Pixels.CHANNELS; c++) {
                    out.set(x, y, c, image.get(fromX, fromY, c));
                }
            }
        }
        return out;
    }

    private Pixels along(Pixels image, int size, boolean horizontal) {
        int from = horizontal ? image.width() : image.height();
        int across = horizontal ? image.height() : image.width();
        Pixels out = horizontal ? Pixels.of(size, across) : Pixels.of(across, size);
        double scale = (double) from / size;
        double widened = Math.max(scale, 1);
        double reach = support * widened;
        for (int i = 0; i < size; i++) {
            double centre = (i + 0.5) * scale;
            int first = Math.max((int) (centre - reach + 0.5), 0);
            int last = Math.min((int) (centre + reach + 0.5), from);
            int[] weights = weights(first, last, centre, widened);
            for (int a = 0; a < across; a++) {
                for (int c = 0; c < Pixels.CHANNELS; c++) {
                    int sum = 1 << (BITS - 1);
                    for (int k = 0; k < weights.length; k++) {
                        int value = horizontal ? image.get(first + k, a, c) : image.get(a, first + k, c);
                        sum += value * weights[k];
                    }
                    int rounded = Math.clamp(sum >> BITS, 0, 255);
                    out.set(horizontal ? i : a, horizontal ? a : i, c, rounded);
                }
            }
        }
        return out;
    }

    private int[] weights(int first, int last, double centre, double widened) {
        double[] exact = new double[last - first];
        double sum = 0;
        for (int k = 0; k < exact.length; k++) {
            exact[k] = filter((k + first - centre + 0.5) / widened);
            sum += exact[k];
        }
        int[] weights = new int[exact.length];
        for (int k = 0; k < weights.length; k++) {
            double scaled = exact[k] / sum * (1 << BITS);
            weights[k] = (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
        }
        return weights;
    }
}
