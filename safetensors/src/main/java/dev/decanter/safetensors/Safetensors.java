package dev.decanter.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One safetensors file, memory-mapped: eight bytes with the header's size, a JSON header with type, shape and byte range of
 * each tensor, then the tensors' bytes without gaps.
 *
 * <p>The header is checked as the format's own reader does: within the file, known types, sizes that agree with shapes,
 * ranges that neither overlap nor leave holes. Any fault is an {@link SafetensorsException} that names file and tensor.
 */
public final class Safetensors implements AutoCloseable {
    /** The format's own limit for a header. */
    static final long MAX_HEADER_BYTES = 100_000_000;

    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final String METADATA = "__metadata__";
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private static final Map<String, ElementType> TYPES = Map.ofEntries(
            Map.entry("BOOL", ElementType.BOOLEAN),
            Map.entry("U8", ElementType.U8),
            Map.entry("I8", ElementType.I8),
            Map.entry("F8_E4M3", ElementType.F8E4M3),
            Map.entry("F8_E5M2", ElementType.F8E5M2),
            Map.entry("F8_E8M0", ElementType.F8E8M0),
            Map.entry("U16", ElementType.U16),
            Map.entry("I16", ElementType.I16),
            Map.entry("F16", ElementType.F16),
            Map.entry("BF16", ElementType.BF16),
            Map.entry("U32", ElementType.U32),
            Map.entry("I32", ElementType.I32),
            Map.entry("F32", ElementType.F32),
            Map.entry("U64", ElementType.U64),
            Map.entry("I64", ElementType.I64),
            Map.entry("F64", ElementType.F64));

    /** A tensor's place: {@code begin} and {@code end} count from the first byte after the header. */
    private record Entry(String name, ElementType type, Shape shape, long begin, long end) {}

    private final Arena arena = Arena.ofShared();
    private final Map<String, CheckpointTensor> tensors = new LinkedHashMap<>();

    private Safetensors() {}

    /** Maps and checks a file. Throws {@link SafetensorsException} if it cannot be read or is not valid. */
    public static Safetensors open(Path file) {
        Safetensors opened = new Safetensors();
        try {
            opened.read(file);
        } catch (IOException e) {
            opened.close();
            throw new SafetensorsException(file + ": cannot be read: " + DecanterException.reason(e), e);
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
        return opened;
    }

    /** The tensors by name, in the header's order; views of the mapped file, valid until {@link #close}. */
    public Map<String, CheckpointTensor> tensors() {
        return tensors;
    }

    /** Unmaps the file; its tensors must not be used afterwards. */
    @Override
    public void close() {
        arena.close();
    }

    private void read(Path file) throws IOException {
        MemorySegment all;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < Long.BYTES) {
                throw new SafetensorsException(
                        file + ": " + size + " bytes are too few for a safetensors file; " + "download it again");
            }
            all = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
        }
        long headerBytes = all.get(LENGTH, 0);
        if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES || headerBytes > all.byteSize() - Long.BYTES) {
            throw new SafetensorsException(file + ": a safetensors header of " + Long.toUnsignedString(headerBytes)
                    + " bytes does not fit a file of " + all.byteSize()
                    + " bytes; is it a safetensors file, and whole?");
        }
        byte[] header = all.asSlice(Long.BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
        MemorySegment data = all.asSlice(Long.BYTES + headerBytes);
        List<Entry> entries = parse(file, header);
        checkRanges(file, entries, data.byteSize());
        for (Entry entry : entries) {
            MemorySegment bytes = data.asSlice(entry.begin, entry.end - entry.begin);
            tensors.put(entry.name, new CheckpointTensor(entry.name, entry.type, entry.shape, bytes, file));
        }
    }

    private static List<Entry> parse(Path file, byte[] header) throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (JsonParser json = JSON.createParser(header)) {
            require(json.nextToken() == JsonToken.START_OBJECT, file, "the header is not a JSON object");
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                json.nextToken();
                if (name.equals(METADATA)) {
                    json.skipChildren();
                } else {
                    entries.add(entry(file, name, json));
                }
            }
            require(json.nextToken() == null, file, "the header has something after its JSON object");
        } catch (JsonProcessingException e) {
            throw new SafetensorsException(file + ": broken safetensors header: " + e.getOriginalMessage(), e);
        }
        return entries;
    }

    private static Entry entry(Path file, String name, JsonParser json) throws IOException {
        String where = "tensor \"" + name + "\"";
        require(json.currentToken() == JsonToken.START_OBJECT, file, where + " is not described by a JSON object");
        String dtype = "";
        long[] dims = {};
        long[] range = {};
        int seen = 0;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = json.currentName();
            json.nextToken();
            switch (key) {
                case "dtype" -> dtype = json.getText();
                case "shape" -> dims = numbers(file, where + ", shape", json);
                case "data_offsets" -> range = numbers(file, where + ", data_offsets", json);
                default -> throw fault(file, where + " has an unknown key \"" + key + "\"");
            }
            seen++;
        }
        require(seen == 3 && range.length == 2, file, where + " needs dtype, shape and two data_offsets");
        ElementType type = TYPES.get(dtype);
        if (type == null) {
            throw fault(file, where + " has the unknown type \"" + dtype + "\"");
        }
        Shape shape = shape(file, where, dims);
        require(
                range[0] <= range[1] && range[1] - range[0] == type.byteSize(shape.elements()),
                file,
                where + " of type " + dtype + " and shape " + shape + " does not fit its data_offsets " + range[0]
                        + ".." + range[1]);
        return new Entry(name, type, shape, range[0], range[1]);
    }

    private static Shape shape(Path file, String where, long[] dims) {
        try {
            return Shape.of(dims);
        } catch (IrException e) {
            throw new SafetensorsException(file + ": " + where + ": " + e.getMessage(), e);
        }
    }

    private static long[] numbers(Path file, String where, JsonParser json) throws IOException {
        require(json.currentToken() == JsonToken.START_ARRAY, file, where + " is not a list");
        List<Long> values = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            boolean integer = json.currentToken() == JsonToken.VALUE_NUMBER_INT
                    && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
            require(integer && json.getLongValue() >= 0, file, where + " holds \"" + json.getText() + "\"");
            require(values.size() < 64, file, where + " is too long");
            values.add(json.getLongValue());
        }
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    /** The ranges, put in order, must cover the data exactly: a hole or an overlap means a damaged or a forged file. */
    private static void checkRanges(Path file, List<Entry> entries, long dataBytes) {
        List<Entry> ordered = new ArrayList<>(entries);
        ordered.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long at = 0;
        for (Entry entry : ordered) {
            String where = "tensor \"" + entry.name + "\"";
            require(
                    entry.end <= dataBytes,
                    file,
                    where + " ends at byte " + entry.end + " of the data, which has " + dataBytes
                            + " bytes; the file is cut short, download it again");
            require(entry.begin >= at, file, where + " overlaps another tensor");
            require(entry.begin == at, file, where + " leaves a hole of " + (entry.begin - at) + " bytes before it");
            at = entry.end;
        }
        require(at == dataBytes, file, (dataBytes - at) + " bytes after the last tensor belong to none");
    }

    private static void require(boolean condition, Path file, String fault) {
        if (!condition) {
            throw fault(file, fault);
        }
    }

    private static SafetensorsException fault(Path file, String fault) {
        return new SafetensorsException(file + ": broken safetensors header: " + fault);
    }
}
