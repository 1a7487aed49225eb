package dev.decanter.compress.ptq;

import dev.decanter.compress.CompressionException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One array in NumPy's {@code .npy} format, version 1 or 2: little endian, C order, of f16, f32, i32 or i64. The
 * header is checked against the file's length before anything is allocated.
 */
final class NumpyFile {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int LONGEST_HEADER = 1 << 16;
    private static final long MOST_BYTES = 1L << 31;
    private static final Pattern HEADER = Pattern.compile("\\s*\\{\\s*'descr'\\s*:\\s*'([^']{1,8})'\\s*,"
            + "\\s*'fortran_order'\\s*:\\s*(True|False)\\s*,"
            + "\\s*'shape'\\s*:\\s*\\(([0-9, ]*)\\)\\s*,?\\s*\\}\\s*");
    private static final Map<String, ElementType> TYPES =
            Map.of("<f2", ElementType.F16, "<f4", ElementType.F32, "<i4", ElementType.I32, "<i8", ElementType.I64);

    private final Path path;
    private final ElementType type;
    private final Shape shape;
    private final long start;

    private NumpyFile(Path path, ElementType type, Shape shape, long start) {
        this.path = path;
        this.type = type;
        this.shape = shape;
        this.start = start;
    }

    /** Reads the header; throws {@link CompressionException} naming the file for anything else than such an array. */
    static NumpyFile open(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long length = channel.size();
            ByteBuffer start = read(channel, 0, (int) Math.min(12, length));
            if (start.remaining() < 10 || !startsRight(start)) {
                throw fault(path, "is no .npy file; save it with numpy.save");
            }
            int version = start.get(6);
            if (version != 1 && version != 2) {
                throw fault(path, "is of .npy version " + version + "; save it as version 1 or 2");
            }
            int prefix = version == 1 ? 10 : 12;
            long headerLength = version == 1
                    ? Short.toUnsignedInt(start.getShort(8))
                    : start.remaining() < 12 ? Long.MAX_VALUE : Integer.toUnsignedLong(start.getInt(8));
            if (headerLength > LONGEST_HEADER || prefix + headerLength > length) {
                throw fault(
                        path, "says its header is " + headerLength + " bytes long, which it cannot be; save it again");
            }
            byte[] header = new byte[(int) headerLength];
            read(channel, prefix, header.length).get(header);
            return parsed(path, new String(header, StandardCharsets.ISO_8859_1), prefix + headerLength, length);
        } catch (IOException e) {
            throw new CompressionException(path + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static boolean startsRight(ByteBuffer start) {
        for (int i = 0; i < MAGIC.length; i++) {
            if (start.get(i) != MAGIC[i]) {
                return false;
            }
        }
        return true;
    }

    private static ByteBuffer read(FileChannel channel, long at, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining() && channel.read(buffer, at + buffer.position()) >= 0) {
            // until the buffer is full or the file ends
        }
        return buffer.flip();
    }

    private static NumpyFile parsed(Path path, String header, long start, long length) {
        Matcher matcher = HEADER.matcher(header);
        if (!matcher.matches()) {
            throw fault(path, "has a header that is not NumPy's (a dictionary of descr, fortran_order and shape)");
        }
        ElementType type = TYPES.get(matcher.group(1));
        if (type == null) {
            throw fault(
                    path, "holds " + matcher.group(1) + "; save it as float16, float32, int32 or int64, little endian");
        }
        if (matcher.group(2).equals("True")) {
            throw fault(path, "is in Fortran order; save numpy.ascontiguousarray of it");
        }
        long[] dims = dims(path, matcher.group(3));
        long bytes = bytes(path, dims, type);
        Shape shape = Shape.of(dims);
        if (start + bytes != length) {
            throw fault(
                    path,
                    "has " + (length - start) + " bytes of data, where shape " + shape + " of " + type.irName()
                            + " needs " + bytes + "; save it again");
        }
        return new NumpyFile(path, type, shape, start);
    }

    private static long[] dims(Path path, String text) {
        String trimmed = text.strip();
        if (trimmed.isEmpty()) {
            return new long[0];
        }
        String[] parts = trimmed.split(",", -1);
        // a trailing comma is how Python writes a tuple of one
        int count = parts[parts.length - 1].isBlank() ? parts.length - 1 : parts.length;
        long[] dims = new long[count];
        for (int i = 0; i < count; i++) {
            String part = parts[i].strip();
            if (part.isEmpty() || part.length() > 12 || part.contains(" ")) {
                throw fault(path, "has the shape (" + text + "), which is none");
            }
            dims[i] = Long.parseLong(part);
        }
        if (count > 16) {
            throw fault(path, "has " + count + " dimensions; 16 are the most");
        }
        return dims;
    }

    private static long bytes(Path path, long[] dims, ElementType type) {
        long elements = 1;
        for (long dim : dims) {
            long most = MOST_BYTES / (type.bits() / 8);
            if (dim > 0 && elements > most / dim) {
                throw fault(path, "is larger than " + (MOST_BYTES >> 20) + " MB; give smaller samples");
            }
            elements *= dim;
        }
        return type.byteSize(elements);
    }

    private static CompressionException fault(Path path, String what) {
        return new CompressionException(path + ": " + what);
    }

    ElementType type() {
        return type;
    }

    Shape shape() {
        return shape;
    }

    /**
     * The array as a tensor of {@code wanted}: its own type, or f32 for f16, i64 for i32, i32 for i64 where values
     * fit.
     */
    Tensor tensor(ElementType wanted) {
        MemorySegment own = bytes();
        if (wanted == type) {
            return Tensor.of(type, shape, own);
        }
        MemorySegment out = Arena.ofAuto()
                .allocate(Math.max(1, wanted.byteSize(shape.elements())), 64)
                .asSlice(0, wanted.byteSize(shape.elements()));
        ByteBuffer from = own.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer to = out.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        String pair = type.irName() + " " + wanted.irName();
        for (long i = 0; i < shape.elements(); i++) {
            switch (pair) {
                case "f16 f32" -> to.putFloat(Float.float16ToFloat(from.getShort()));
                case "i32 i64" -> to.putLong(from.getInt());
                case "i64 i32" -> to.putInt(narrowed(from.getLong()));
                default -> throw fault(path, "holds " + type.irName() + ", but the input takes " + wanted.irName());
            }
        }
        return Tensor.of(wanted, shape, out);
    }

    private int narrowed(long value) {
        if (value != (int) value) {
            throw fault(path, "holds " + value + ", which is too large for an input of type i32");
        }
        return (int) value;
    }

    private MemorySegment bytes() {
        long count = type.byteSize(shape.elements());
        MemorySegment memory = Arena.ofAuto().allocate(Math.max(1, count), 64).asSlice(0, count);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            ByteBuffer buffer = memory.asByteBuffer();
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, start + buffer.position()) < 0) {
                    throw fault(path, "became shorter while it was read");
                }
            }
        } catch (IOException e) {
            throw new CompressionException(path + ": cannot be read: " + e.getMessage(), e);
        }
        return memory;
    }

    static boolean isOne(Path path) {
        return Files.isRegularFile(path) && path.toString().endsWith(".npy");
    }
}
