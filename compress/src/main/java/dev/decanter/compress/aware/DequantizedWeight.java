package dev.decanter.compress.aware;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.weights.GroupParameters;
import dev.decanter.compress.weights.GroupQuantizer;
import dev.decanter.compress.weights.WeightConfig;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What a quantized weight dequantizes to: later layers are calibrated on it, and quantizing it once more with the same
 * scales gives the same codes. The codes wait in a mapped file without a name, so that a model's weights need not fit
 * into memory.
 */
final class DequantizedWeight extends ComputedWeight {
    private final MemorySegment codes;
    private final float[] levels;
    private final GroupParameters parameters;
    private final int columns;
    private final int length;
    private final boolean packed;

    /** Throws {@link CompressionException} if the codes cannot be kept in {@code folder}. */
    DequantizedWeight(WeightedLayer layer, WeightConfig config, Gptq.Result result, Path folder) {
        super(layer);
        parameters = result.parameters();
        columns = layer.layout().columns();
        length = config.groupLength(columns);
        packed = config.mode().bits() == 4;
        levels = levels(config);
        codes = keep(packed ? pack(result.codes()) : result.codes(), folder, layer.name());
    }

    /** What each code stands for, without its zero point. */
    private static float[] levels(WeightConfig config) {
        byte[] all = new byte[1 << config.mode().bits()];
        for (int code = 0; code < all.length; code++) {
            // Signed integers are the codes themselves.
            boolean negative = config.mode().isInteger() && !config.mode().hasZeroPoint() && code >= all.length / 2;
            all[code] = (byte) (negative ? code - all.length : code);
        }
        float[] levels = new float[all.length];
        int[] zero = config.mode().hasZeroPoint() ? new int[1] : new int[0];
        GroupParameters one = new GroupParameters(1, 1, new float[] {1}, zero);
        GroupQuantizer.dequantize(all, 1, all.length, new WeightConfig(config.mode(), -1), one, levels);
        return levels;
    }

    private static byte[] pack(byte[] codes) {
        byte[] packed = new byte[(codes.length + 1) / 2];
        for (int i = 0; i < codes.length; i++) {
            packed[i / 2] |= (byte) ((codes[i] & 15) << (i % 2 * 4));
        }
        return packed;
    }

    private static MemorySegment keep(byte[] bytes, Path folder, String layer) {
        try {
            Path path = Files.createTempFile(folder, "decanter-codes", ".tmp");
            try (FileChannel file = FileChannel.open(
                    path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                while (buffer.hasRemaining()) {
                    file.write(buffer);
                }
                return file.map(FileChannel.MapMode.READ_ONLY, 0, bytes.length, Arena.ofAuto());
            }
        } catch (IOException e) {
            throw new CompressionException(
                    folder + ": the quantized weight of layer \"" + layer + "\" cannot be kept there: "
                            + DecanterException.reason(e) + "; free some space or name another folder",
                    e);
        }
    }

    @Override
    void values(long first, double[] target) {
        int groups = parameters.groups();
        boolean zeros = parameters.zeroPoints().length > 0;
        for (int i = 0; i < target.length; i++) {
            int row = row(first + i);
            int column = column(first + i);
            long at = (long) row * columns + column;
            int group = row * groups + column / length;
            int code = packed
                    ? codes.get(ValueLayout.JAVA_BYTE, at / 2) >> (int) (at % 2 * 4) & 15
                    : codes.get(ValueLayout.JAVA_BYTE, at) & 255;
            float level = levels[code] - (zeros ? parameters.zeroPoints()[group] : 0);
            target[i] = level * parameters.scales()[group];
        }
    }
}
