package dev.decanter.export.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/** Writes safetensors files for tests, right ones and, through {@link #raw}, wrong ones. */
public final class SafetensorsFile {
    private record Entry(String dtype, List<Long> shape, ByteBuffer data) {}

    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** Adds an f32 tensor. */
    public SafetensorsFile f32(String name, float[] values, long... shape) {
        ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(values);
        return add(name, "F32", data.array(), shape);
    }

    /** Adds an f16 tensor, rounding the values. */
    public SafetensorsFile f16(String name, float[] values, long... shape) {
        ByteBuffer data = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            data.putShort(Float.floatToFloat16(value));
        }
        return add(name, "F16", data.array(), shape);
    }

    /** Adds a bf16 tensor, cutting the values off. */
    public SafetensorsFile bf16(String name, float[] values, long... shape) {
        ByteBuffer data = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            data.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
        }
        return add(name, "BF16", data.array(), shape);
    }

    /** Adds a tensor of any type. */
    public SafetensorsFile add(String name, String dtype, byte[] data, long... shape) {
        entries.put(name, new Entry(dtype, Arrays.stream(shape).boxed().toList(), ByteBuffer.wrap(data)));
        return this;
    }

    public SafetensorsFile remove(String name) {
        entries.remove(name);
        return this;
    }

    public void write(Path file) {
        StringJoiner header = new StringJoiner(",", "{\"__metadata__\":{\"format\":\"pt\"},", "}");
        int at = 0;
        for (Map.Entry<String, Entry> entry : entries.entrySet()) {
            int end = at + entry.getValue().data.capacity();
            header.add("\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                    .formatted(entry.getKey(), entry.getValue().dtype, entry.getValue().shape, at, end));
            at = end;
        }
        ByteBuffer data = ByteBuffer.allocate(at);
        entries.values().forEach(entry -> data.put(entry.data.duplicate()));
        raw(file, header.toString(), data.array());
    }

    /** Writes a header as it is, in front of {@code data}. */
    public static void raw(Path file, String header, byte[] data) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer all = ByteBuffer.allocate(8 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        all.putLong(text.length).put(text).put(data);
        try {
            Files.write(file, all.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
