package dev.decanter.compress.ptq;

/** An image of 8-bit red, green and blue. */
final class Pixels {
    static final int CHANNELS = 3;

    private final int width;
    private final int height;
    private final byte[] values;

    private Pixels(int width, int height, byte[] values) {
        this.width = width;
        this.height = height;
        this.values = values;
    }

    static Pixels of(int width, int height) {
        return new Pixels(width, height, new byte[Math.multiplyExact(Math.multiplyExact(width, height), CHANNELS)]);
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    int get(int x, int y, int channel) {
        return values[(y * width + x) * CHANNELS + channel] & 0xff;
    }

    void set(int x, int y, int channel, int value) {
        values[(y * width + x) * CHANNELS + channel] = (byte) value;
    }

    /** The part of that size around the middle; the size is at most the image's. */
    Pixels centre(int wide, int high) {
        int left = (width - wide) / 2;
        int top = (height - high) / 2;
        Pixels out = of(wide, high);
        for (int y = 0; y < high; y++) {
            System.arraycopy(
                    values, ((top + y) * width + left) * CHANNELS, out.values, y * wide * CHANNELS, wide * CHANNELS);
        }
        return out;
    }
}
