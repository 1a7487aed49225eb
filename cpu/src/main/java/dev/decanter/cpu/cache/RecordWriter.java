package dev.decanter.cpu.cache;

import dev.decanter.cpu.cache.GraphCodec.Kind;
import dev.decanter.cpu.cache.GraphCodec.Unkeepable;
import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Dimension;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.SourceFile;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes values: numbers, texts, enums, lists, maps, optionals, shapes, records of all these, and constants' data, each of which
 * is one object again when it is read, however many constants share it. Types and texts are written once and numbered.
 */
final class RecordWriter {
    /** Data up to this length are written themselves. */
    private static final int SHORT = 4 << 10;
    /** Longer data that lie in no file are not worth a file. */
    private static final int LONGEST = 16 << 20;

    private final List<SourceFile> files;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);
    private final Map<String, Integer> texts = new LinkedHashMap<>();
    private final IdentityHashMap<ConstantData, Integer> numbers = new IdentityHashMap<>();
    private final List<ConstantData> data = new ArrayList<>();
    private final Map<Class<?>, List<Method>> accessors = new HashMap<>();

    RecordWriter(List<SourceFile> files) {
        this.files = files;
    }

    /** Writes all that was given to {@link #write}. */
    void finish(DataOutputStream to) throws IOException {
        to.writeInt(texts.size());
        for (String text : texts.keySet()) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            to.writeInt(utf8.length);
            to.write(utf8);
        }
        to.writeInt(data.size());
        for (ConstantData each : data) {
            write(each, to);
        }
        to.writeInt(bytes.size());
        bytes.writeTo(to);
    }

    private void write(ConstantData each, DataOutputStream to) throws IOException {
        to.writeLong(each.byteSize());
        Optional<ConstantData.Origin> origin = each.origin();
        int file = origin.map(o -> file(o.file())).orElse(-1);
        if (each.byteSize() > SHORT && file >= 0) {
            to.writeInt(file);
            to.writeLong(origin.orElseThrow().offset());
            return;
        }
        if (each.byteSize() > LONGEST || !each.isInMemory()) {
            throw new Unkeepable("a constant of " + each.byteSize() + " bytes that lies in no file");
        }
        to.writeInt(-1);
        to.write(each.segment().toArray(ValueLayout.JAVA_BYTE));
    }

    /** The number of a file, which may go by another path; -1 if it is none of the model's. */
    private int file(SourceFile file) {
        for (int i = 0; i < files.size(); i++) {
            if (file.stamp().isPresent() && file.stamp().equals(files.get(i).stamp())) {
                return i;
            }
        }
        return -1;
    }

    private void kind(byte kind) throws IOException {
        out.writeByte(kind);
    }

    private void text(String text) throws IOException {
        Integer known = texts.putIfAbsent(text, texts.size());
        out.writeInt(known == null ? texts.size() - 1 : known);
    }

    void write(Object value) throws IOException {
        switch (value) {
            case Boolean yes -> kind(yes ? Kind.YES : Kind.NO);
            case Integer number -> {
                kind(Kind.INT);
                out.writeInt(number);
            }
            case Long number -> {
                kind(Kind.LONG);
                out.writeLong(number);
            }
            case Float number -> {
                kind(Kind.FLOAT);
                out.writeFloat(number);
            }
            case Double number -> {
                kind(Kind.DOUBLE);
                out.writeDouble(number);
            }
            case String text -> {
                kind(Kind.STRING);
                text(text);
            }
            case Enum<?> constant -> {
                kind(Kind.ENUM);
                text(ours(constant.getDeclaringClass()));
                text(constant.name());
            }
            case List<?> list -> list(list);
            case Map<?, ?> map -> {
                kind(Kind.MAP);
                out.writeInt(map.size());
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    write(entry.getKey());
                    write(entry.getValue());
                }
            }
            case Optional<?> optional -> {
                kind(optional.isPresent() ? Kind.PRESENT : Kind.EMPTY);
                if (optional.isPresent()) {
                    write(optional.get());
                }
            }
            case Shape shape -> {
                kind(Kind.SHAPE);
                out.writeInt(shape.rank());
                for (long dim : shape.dims()) {
                    out.writeLong(dim);
                }
            }
            case PartialShape shape -> partial(shape);
            case ConstantData constant -> {
                kind(Kind.DATA);
                Integer known = numbers.putIfAbsent(constant, numbers.size());
                if (known == null) {
                    data.add(constant);
                }
                out.writeInt(known == null ? data.size() - 1 : known);
            }
            case Record record -> record(record);
            default -> throw new Unkeepable("a value of " + value.getClass());
        }
    }

    /** Biases are lists of many floats. */
    private void list(List<?> list) throws IOException {
        boolean floats = !list.isEmpty() && list.stream().allMatch(Float.class::isInstance);
        kind(floats ? Kind.FLOATS : Kind.LIST);
        out.writeInt(list.size());
        for (Object element : list) {
            if (floats) {
                out.writeFloat((Float) element);
            } else {
                write(element);
            }
        }
    }

    private void partial(PartialShape shape) throws IOException {
        if (!shape.hasRank()) {
            kind(Kind.UNRANKED);
            return;
        }
        kind(Kind.PARTIAL_SHAPE);
        out.writeInt(shape.rank());
        for (Dimension dim : shape.dims()) {
            out.writeLong(dim.min());
            out.writeLong(dim.max());
        }
    }

    private static String ours(Class<?> type) throws IOException {
        if (!GraphCodec.isOurs(type.getName())) {
            throw new Unkeepable("a value of " + type);
        }
        return type.getName();
    }

    private void record(Record record) throws IOException {
        kind(Kind.RECORD);
        text(ours(record.getClass()));
        List<Method> methods = accessors.get(record.getClass());
        if (methods == null) {
            methods = new ArrayList<>();
            for (RecordComponent component : record.getClass().getRecordComponents()) {
                Method accessor = component.getAccessor();
                accessor.trySetAccessible();
                methods.add(accessor);
            }
            accessors.put(record.getClass(), methods);
        }
        for (Method accessor : methods) {
            try {
                write(accessor.invoke(record));
            } catch (IllegalAccessException | InvocationTargetException e) {
                throw new Unkeepable("a value of " + record.getClass() + ": " + e);
            }
        }
    }
}
