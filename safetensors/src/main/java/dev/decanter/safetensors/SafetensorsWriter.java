package dev.decanter.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.decanter.ir.DecanterException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes small safetensors files, such as adapters, from tensors in memory. */
public final class SafetensorsWriter {
    private static final JsonFactory JSON = new JsonFactory();

    @SuppressWarnings("ArrayRecordComponent") // not compared
    private record Entry(String dtype, long[] shape, byte[] data) {}

    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** A file without tensors so far. */
    public SafetensorsWriter() {}

    /** Adds an f32 tensor. Returns this. */
    public SafetensorsWriter f32(String name, float[] values, long... shape) {
        byte[] data = new byte[Float.BYTES * values.length];
        little(data).asFloatBuffer().put(values);
        return add(name, "F32", data, shape);
    }

    /** Adds an f16 tensor, rounding the values to nearest even. Returns this. */
    public SafetensorsWriter f16(String name, float[] values, long... shape) {
        byte[] data = new byte[Short.BYTES * values.length];
        ByteBuffer shorts = little(data);
        for (float value : values) {
            shorts.putShort(Float.floatToFloat16(value));
        }
        return add(name, "F16", data, shape);
    }

    /** Adds a bf16 tensor, rounding the values towards 0. Returns this. */
    public SafetensorsWriter bf16(String name, float[] values, long... shape) {
        byte[] data = new byte[Short.BYTES * values.length];
        ByteBuffer shorts = little(data);
        for (float value : values) {
            shorts.putShort((short) (Float.floatToRawIntBits(value) >>> Short.SIZE));
        }
        return add(name, "BF16", data, shape);
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Adds a tensor, or replaces the one of that name. Returns this.
     *
     * @param dtype as the format spells it, for example {@code I64}; not checked against the shape and the data
     * @param data little endian, C order
     */
    public SafetensorsWriter add(String name, String dtype, byte[] data, long... shape) {
        entries.put(name, new Entry(dtype, shape.clone(), data));
        return this;
    }

    /** Takes a tensor out, if it is there. Returns this. */
    public SafetensorsWriter remove(String name) {
        entries.remove(name);
        return this;
    }

    /** Writes the file; throws {@link SafetensorsException} if it cannot be written. */
    public void write(Path file) {
        try (OutputStream out = Files.newOutputStream(file)) {
            byte[] header = header();
            byte[] length = new byte[Long.BYTES];
            little(length).putLong(header.length);
            out.write(length);
            out.write(header);
            for (Entry entry : entries.values()) {
                out.write(entry.data);
            }
        } catch (IOException e) {
            throw new SafetensorsException(file + ": cannot be written: " + DecanterException.reason(e), e);
        }
    }

    private byte[] header() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            json.writeObjectFieldStart("__metadata__");
            json.writeStringField("format", "pt");
            json.writeEndObject();
            long at = 0;
            for (Map.Entry<String, Entry> entry : entries.entrySet()) {
                Entry tensor = entry.getValue();
                long end = at + tensor.data.length;
                json.writeObjectFieldStart(entry.getKey());
                json.writeStringField("dtype", tensor.dtype);
                numbers(json, "shape", tensor.shape);
                numbers(json, "data_offsets", at, end);
                json.writeEndObject();
                at = end;
            }
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static void numbers(JsonGenerator json, String name, long... values) throws IOException {
        json.writeFieldName(name);
        json.writeArray(values, 0, values.length);
    }
}
