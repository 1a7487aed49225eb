package dev.decanter.cpu.cache;

import dev.decanter.cpu.cache.GraphCodec.Kind;
import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Dimension;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.SourceFile;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Constructor;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads what {@link RecordWriter} wrote. Lengths are held against what is left before anything is allocated. */
final class RecordReader {
    private final DataInputStream in;
    private final String[] texts;
    private final @Nullable Class<?>[] types;
    private final @Nullable Constructor<?>[] constructors;
    private final ConstantData[] data;

    RecordReader(DataInputStream in, List<SourceFile> files) throws IOException {
        this.in = in;
        texts = new String[count(4)];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = new String(bytes(count(1)), StandardCharsets.UTF_8);
        }
        types = new Class<?>[texts.length];
        constructors = new Constructor<?>[texts.length];
        List<MappedFile> mapped = files.stream().map(MappedFile::new).toList();
        data = new ConstantData[count(12)];
        for (int i = 0; i < data.length; i++) {
            data[i] = data(mapped);
        }
        if (in.readInt() != in.available()) {
            throw new IOException("a graph of another length");
        }
    }

    /** A number of things of at least so many bytes each. */
    private int count(int each) throws IOException {
        int count = in.readInt();
        if (count < 0 || (long) count * each > in.available()) {
            throw new IOException("more than there is");
        }
        return count;
    }

    private byte[] bytes(int count) throws IOException {
        byte[] bytes = new byte[count];
        in.readFully(bytes);
        return bytes;
    }

    private ConstantData data(List<MappedFile> mapped) throws IOException {
        long size = in.readLong();
        int file = in.readInt();
        if (file >= 0) {
            return mapped.get(file).data(in.readLong(), size);
        }
        if (size < 0 || size > in.available()) {
            throw new IOException("more than there is");
        }
        // kernels want addresses, as of a mapped file
        MemorySegment memory = Arena.ofAuto().allocate(Math.max(1, size), 64).asSlice(0, size);
        MemorySegment.copy(MemorySegment.ofArray(bytes((int) size)), 0, memory, 0, size);
        return ConstantData.of(memory);
    }

    <T> T read(Class<T> type) throws IOException {
        Object value = read();
        if (!type.isInstance(value)) {
            throw new IOException("a " + value.getClass() + " where a " + type + " is wanted");
        }
        return type.cast(value);
    }

    private Object read() throws IOException {
        byte kind = in.readByte();
        return switch (kind) {
            case Kind.NO -> false;
            case Kind.YES -> true;
            case Kind.INT -> in.readInt();
            case Kind.LONG -> in.readLong();
            case Kind.FLOAT -> in.readFloat();
            case Kind.DOUBLE -> in.readDouble();
            case Kind.STRING -> texts[in.readInt()];
            case Kind.ENUM -> constant(type(in.readInt()), texts[in.readInt()]);
            case Kind.LIST -> list(count(1));
            case Kind.FLOATS -> floats(count(4));
            case Kind.MAP -> map(count(2));
            case Kind.EMPTY -> Optional.empty();
            case Kind.PRESENT -> Optional.of(read());
            case Kind.RECORD -> record(in.readInt());
            case Kind.SHAPE -> shape(count(8));
            case Kind.PARTIAL_SHAPE -> partial(count(16));
            case Kind.UNRANKED -> PartialShape.DYNAMIC;
            case Kind.DATA -> data[in.readInt()];
            default -> throw new IOException("a value of unknown kind " + kind);
        };
    }

    private static Object constant(Class<?> type, String name) throws IOException {
        if (type.isEnum()) {
            for (Object constant : type.getEnumConstants()) {
                if (((Enum<?>) constant).name().equals(name)) {
                    return constant;
                }
            }
        }
        throw new IOException(type + " has no " + name);
    }

    private List<Object> list(int size) throws IOException {
        List<Object> list = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            list.add(read());
        }
        return list;
    }

    private List<Float> floats(int size) throws IOException {
        List<Float> list = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            list.add(in.readFloat());
        }
        return list;
    }

    private Map<Object, Object> map(int size) throws IOException {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < size; i++) {
            map.put(read(), read());
        }
        return map;
    }

    private Shape shape(int rank) throws IOException {
        long[] dims = new long[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = in.readLong();
        }
        return Shape.of(dims);
    }

    private PartialShape partial(int rank) throws IOException {
        List<Dimension> dims = new ArrayList<>(rank);
        for (int i = 0; i < rank; i++) {
            dims.add(new Dimension(in.readLong(), in.readLong()));
        }
        return PartialShape.of(dims);
    }

    private Class<?> type(int text) throws IOException {
        Class<?> known = types[text];
        if (known != null) {
            return known;
        }
        String name = texts[text];
        if (!GraphCodec.isOurs(name)) {
            throw new IOException("a value of " + name);
        }
        try {
            Class<?> type = Class.forName(name);
            types[text] = type;
            return type;
        } catch (ClassNotFoundException e) {
            throw new IOException("there is no " + name, e);
        }
    }

    private Object record(int text) throws IOException {
        Constructor<?> constructor = constructors[text];
        try {
            if (constructor == null) {
                constructor = constructor(type(text));
                constructors[text] = constructor;
            }
            Object[] values = new Object[constructor.getParameterCount()];
            for (int i = 0; i < values.length; i++) {
                values[i] = read();
            }
            return constructor.newInstance(values);
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            throw new IOException("no " + texts[text] + " can be made: " + e, e);
        }
    }

    private static Constructor<?> constructor(Class<?> type) throws ReflectiveOperationException, IOException {
        if (!type.isRecord()) {
            throw new IOException(type + " is no record");
        }
        Class<?>[] parameters = Arrays.stream(type.getRecordComponents())
                .map(java.lang.reflect.RecordComponent::getType)
                .toArray(Class<?>[]::new);
        Constructor<?> constructor = type.getDeclaredConstructor(parameters);
        constructor.trySetAccessible();
        return constructor;
    }

    /** A file that is mapped when one of its constants is read, which seldom happens: what was made of them is in the cache. */
    private static final class MappedFile {
        private final SourceFile file;
        private @Nullable MemorySegment memory;

        MappedFile(SourceFile file) {
            this.file = file;
        }

        private synchronized MemorySegment slice(long offset, long size) {
            MemorySegment whole = memory;
            if (whole == null) {
                try (FileChannel channel = FileChannel.open(file.path())) {
                    whole = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
                } catch (IOException e) {
                    throw new dev.decanter.ir.IrException(
                            file.path() + ": cannot be read: " + dev.decanter.ir.DecanterException.reason(e), e);
                }
                memory = whole;
            }
            return whole.asSlice(offset, size);
        }

        ConstantData data(long offset, long size) {
            return new ConstantData() {
                private final ConstantData.Origin origin = new ConstantData.Origin(file, offset);

                @Override
                public long byteSize() {
                    return size;
                }

                @Override
                public void read(long from, MemorySegment target) {
                    MemorySegment.copy(segment(), from, target, 0, target.byteSize());
                }

                @Override
                public boolean isInMemory() {
                    return true;
                }

                @Override
                public MemorySegment segment() {
                    return slice(offset, size);
                }

                @Override
                public Optional<Origin> origin() {
                    return Optional.of(origin);
                }
            };
        }
    }
}
