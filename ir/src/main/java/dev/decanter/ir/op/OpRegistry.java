package dev.decanter.ir.op;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The known ops by type and opset, and the reading and writing of their attributes, both derived from the records'
 * declarations.
 */
public final class OpRegistry {
    private static final Pattern PLAIN_INTEGER = Pattern.compile("-?\\d{1,18}");

    /** Ops whose attributes are not plain text; readers and writers of files make them by hand. */
    private static final Set<Class<?>> SPECIAL = Set.of(Op.Constant.class, Op.Result.class, Op.Opaque.class);

    private record Entry(Class<? extends Op> op, Constructor<?> constructor, List<RecordComponent> components) {}

    private static final Map<String, Entry> ENTRIES = new HashMap<>();
    private static final Map<Class<?>, OpType> TYPES = new HashMap<>();

    static {
        collect(Op.class);
    }

    private OpRegistry() {}

    private static void collect(Class<?> sealed) {
        for (Class<?> permitted : sealed.getPermittedSubclasses()) {
            if (permitted.isSealed()) {
                collect(permitted);
            } else if (permitted.isRecord() && permitted.isAnnotationPresent(OpType.class)) {
                add(permitted.asSubclass(Op.class));
            }
        }
    }

    private static void add(Class<? extends Op> op) {
        OpType type = op.getAnnotation(OpType.class);
        RecordComponent[] components = op.getRecordComponents();
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        try {
            Entry entry = new Entry(op, op.getDeclaredConstructor(types), List.of(components));
            if (ENTRIES.put(key(type.value(), type.opset()), entry) != null) {
                throw new IllegalStateException("two ops are declared as " + type);
            }
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(e);
        }
        TYPES.put(op, type);
    }

    private static String key(String type, String opset) {
        // the file says "Const" and "ReLU"; some tools wrote the class names
        String canonical = switch (type) {
            case "Constant" -> "Const";
            case "Relu" -> "ReLU";
            case "Softmax" -> "SoftMax";
            default -> type;
        };
        return canonical + ":" + opset;
    }

    static String typeOf(Class<?> op) {
        return declared(op).value();
    }

    static String opsetOf(Class<?> op) {
        return declared(op).opset();
    }

    private static OpType declared(Class<?> op) {
        OpType type = TYPES.get(op);
        if (type == null) {
            throw new IllegalStateException(op + " has no @OpType");
        }
        return type;
    }

    /** All known ops as {@code type:opset}, sorted. */
    public static Set<String> known() {
        return new TreeSet<>(ENTRIES.keySet());
    }

    /** Whether an op of this type and opset is known. */
    public static boolean isKnown(String type, String opset) {
        return ENTRIES.containsKey(key(type, opset));
    }

    /**
     * Makes an op from the attributes of a layer's {@code data} element; empty if the op is not known or is one that
     * needs more than attributes (Const, Result).
     *
     * @param used receives the names of the attributes that the op defines
     * @throws IrException if an attribute is missing or cannot be read
     */
    public static Optional<Op> read(String type, String opset, Map<String, String> attributes, Set<String> used) {
        Entry entry = ENTRIES.get(key(type, opset));
        if (entry == null || SPECIAL.contains(entry.op)) {
            return Optional.empty();
        }
        List<Object> arguments = new ArrayList<>(entry.components.size());
        for (RecordComponent component : entry.components) {
            String name = attributeName(component);
            used.add(name);
            String text = attributes.get(name);
            if (text == null) {
                text = absent(component);
            }
            if (text.equals(Attribute.REQUIRED)) {
                throw new IrException("attribute \"" + name + "\" of " + type + " (" + opset + ") is missing");
            }
            arguments.add(parse(component, name, text.strip()));
        }
        return Optional.of(construct(entry, arguments));
    }

    private static Op construct(Entry entry, List<Object> arguments) {
        try {
            return entry.op.cast(entry.constructor.newInstance(arguments.toArray()));
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IrException cause) {
                throw cause;
            }
            throw new IllegalStateException(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The attributes of {@code op} as a file spells them, in the order of declaration. */
    public static Map<String, String> write(Op op) {
        return switch (op) {
            case Op.Opaque opaque -> opaque.attributes();
            case SubGraphOp.SubGraph graph -> graph.attributes();
            case Op.Constant _, Op.Result _, ExtensionOp _ -> Map.of();
            default -> writeComponents(op);
        };
    }

    private static Map<String, String> writeComponents(Op op) {
        Map<String, String> out = new LinkedHashMap<>();
        for (RecordComponent component : op.getClass().getRecordComponents()) {
            Object value;
            try {
                value = component.getAccessor().invoke(op);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
            String text = format(value);
            Attribute attribute = component.getAnnotation(Attribute.class);
            if (attribute == null
                    || !attribute.omitDefault()
                    || !attribute.absent().equals(text)) {
                out.put(attributeName(component), text);
            }
        }
        return out;
    }

    private static String attributeName(RecordComponent component) {
        Attribute attribute = component.getAnnotation(Attribute.class);
        if (attribute != null && !attribute.value().isEmpty()) {
            return attribute.value();
        }
        return component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    private static String absent(RecordComponent component) {
        Attribute attribute = component.getAnnotation(Attribute.class);
        return attribute == null ? Attribute.REQUIRED : attribute.absent();
    }

    private static long parseLong(String text) {
        if (PLAIN_INTEGER.matcher(text).matches()) {
            return Long.parseLong(text);
        }
        // older tools wrote integers such as FakeQuantize's levels as 256.0
        return new BigDecimal(text).longValueExact();
    }

    private static Object parse(RecordComponent component, String name, String text) {
        Class<?> type = component.getType();
        try {
            if (type == boolean.class) {
                return parseBoolean(text);
            } else if (type == long.class) {
                return parseLong(text);
            } else if (type == double.class) {
                return Double.parseDouble(text);
            } else if (type == String.class) {
                return text;
            } else if (type == ElementType.class) {
                return ElementType.fromIrName(text);
            } else if (type == PartialShape.class) {
                return PartialShape.parse(text);
            } else if (type == Shape.class) {
                return PartialShape.parse(text).toShape();
            } else if (type.isEnum()) {
                return parseEnum(type, text);
            } else if (component.getGenericType() instanceof ParameterizedType list
                    && list.getActualTypeArguments()[0] == Long.class) {
                return parseLongs(text);
            }
        } catch (NumberFormatException | ArithmeticException e) {
            throw new IrException("attribute \"" + name + "\" is not a number in range: \"" + brief(text) + "\"", e);
        } catch (IrException e) {
            throw new IrException("attribute \"" + name + "\": " + e.getMessage(), e);
        }
        throw new IllegalStateException("no reader for attributes of type " + component.getGenericType());
    }

    private static boolean parseBoolean(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw new IrException("not a boolean: \"" + brief(text) + "\"");
        };
    }

    private static Object parseEnum(Class<?> type, String text) {
        for (Object constant : type.getEnumConstants()) {
            if (constant.toString().equalsIgnoreCase(text)) {
                return constant;
            }
        }
        throw new IrException("\"" + brief(text) + "\" is none of " + Arrays.toString(type.getEnumConstants()));
    }

    private static List<Long> parseLongs(String text) {
        if (text.isEmpty()) {
            return List.of();
        }
        return Arrays.stream(text.split(",", -1))
                .map(s -> Long.parseLong(s.strip()))
                .toList();
    }

    private static String brief(String text) {
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }

    private static String format(Object value) {
        return switch (value) {
            case ElementType type -> type.irName();
            case PartialShape shape -> shape.toIr();
            case Shape shape ->
                Arrays.stream(shape.dims()).mapToObj(Long::toString).collect(Collectors.joining(", "));
            case UnaryOp.GeluMode mode -> mode.name();
            case NeuralOp.EpsMode mode -> mode.name();
            case Enum<?> constant -> constant.name().toLowerCase(Locale.ROOT);
            case Double number -> formatDouble(number);
            case List<?> list -> list.stream().map(Object::toString).collect(Collectors.joining(", "));
            default -> value.toString();
        };
    }

    /** Shortest text that reads back as the same number, without a fraction where there is none. */
    private static String formatDouble(double number) {
        if (number == Math.rint(number) && Math.abs(number) < 1e15) {
            return Long.toString((long) number);
        }
        return Double.toString(number);
    }
}
