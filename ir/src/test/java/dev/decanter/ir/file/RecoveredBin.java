package dev.decanter.ir.file;

import dev.decanter.ir.ElementType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Stands in for a BIN that is not to be had: as large as the XML needs, zero but for the small constants (axes, target
 * shapes, exponents) that were recovered from the graph, so that shapes can be inferred. The file is sparse.
 */
public final class RecoveredBin {
    private static final Pattern CONSTANT = Pattern.compile("offset=\"(\\d+)\" size=\"(\\d+)\"");

    private RecoveredBin() {}

    /** The models for which constants were recovered, by the folder's name. */
    public static final List<String> MODELS =
            List.of("llm-tinyllama-1.1b-int8", "llm-evaai-model.ov", "llm-gpt2-f32-stateful");

    public static void write(String model, Path xml, Path bin) {
        Path table = Path.of("../testdata/recovered").resolve(model + ".constants");
        try (FileChannel out = FileChannel.open(bin, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            out.write(ByteBuffer.allocate(1), size(xml) - 1);
            for (String line : Files.readAllLines(table)) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    String[] parts = line.split(" ", -1);
                    out.write(values(parts), Long.parseLong(parts[0]));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ByteBuffer values(String[] parts) {
        ElementType type = ElementType.fromIrName(parts[1]);
        ByteBuffer bytes =
                ByteBuffer.allocate((int) type.byteSize(parts.length - 2L)).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 2; i < parts.length; i++) {
            switch (type) {
                case I64 -> bytes.putLong(Long.parseLong(parts[i]));
                case I32 -> bytes.putInt(Integer.parseInt(parts[i]));
                case BOOLEAN -> bytes.put(Byte.parseByte(parts[i]));
                case F32 -> bytes.putFloat(Float.parseFloat(parts[i]));
                default -> throw new IllegalArgumentException(parts[1]);
            }
        }
        return bytes.flip();
    }

    private static long size(Path xml) throws IOException {
        Matcher constants = CONSTANT.matcher(Files.readString(xml));
        long end = 0;
        while (constants.find()) {
            end = Math.max(end, Long.parseLong(constants.group(1)) + Long.parseLong(constants.group(2)));
        }
        return end;
    }
}
