package dev.decanter.ir.op;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a node computes, with its attributes: one record for each op and opset version. The record's components are the
 * attributes of the IR file (see {@link Attribute}), so a new op is one declaration; shape inference and devices switch
 * over this sealed family, and the compiler names what a new op still lacks.
 *
 * <p>Where an op has several versions with different meaning, the newest has the plain name and older ones carry theirs
 * ({@code Gather}, {@code GatherV7}, {@code GatherV1}). Semantics are those of OpenVINO's operation specifications.
 */
public sealed interface Op
        permits UnaryOp,
                BinaryOp,
                ReduceOp,
                ShapeOp,
                GatherScatterOp,
                NeuralOp,
                SubGraphOp,
                Op.Parameter,
                Op.Constant,
                Op.Result,
                Op.ReadValue,
                Op.ReadValueV3,
                Op.Assign,
                Op.AssignV3,
                Op.StringTensorUnpack,
                Op.StringTensorPack,
                Op.Opaque,
                ExtensionOp {

    /** The layer's {@code type} in IR files. */
    default String type() {
        return OpRegistry.typeOf(getClass());
    }

    /** The layer's {@code version} in IR files. */
    default String opset() {
        return OpRegistry.opsetOf(getClass());
    }

    /** A model input. */
    @OpType("Parameter")
    record Parameter(ElementType elementType, PartialShape shape) implements Op {}

    /**
     * A tensor that is part of the model. Two constants are equal if type and shape are and they share their data object.
     */
    @OpType("Const")
    record Constant(ElementType elementType, Shape shape, ConstantData data) implements Op {
        public Constant {
            if (elementType != ElementType.STRING && elementType.byteSize(shape.elements()) != data.byteSize()) {
                throw new IrException("a constant of type " + elementType.irName() + " and shape " + shape + " needs "
                        + elementType.byteSize(shape.elements()) + " bytes, not " + data.byteSize());
            }
        }

        public static Constant of(ElementType elementType, Shape shape, MemorySegment memory) {
            return new Constant(elementType, shape, ConstantData.of(memory));
        }
    }

    /**
     * A model output.
     *
     * @param outputNames tensor names that newer files keep at the Result; empty where they are at its producer only
     */
    @OpType("Result")
    record Result(List<String> outputNames) implements Op {
        public Result {
            outputNames = List.copyOf(outputNames);
        }

        public Result() {
            this(List.of());
        }
    }

    /** Reads a state variable; before the first write and after a reset, its input (if any) gives the value. */
    @OpType(value = "ReadValue", opset = "opset6")
    record ReadValue(
            String variableId,
            @Attribute(absent = "dynamic") ElementType variableType,
            @Attribute(absent = "...") PartialShape variableShape)
            implements Op {}

    @OpType(value = "ReadValue", opset = "opset3")
    record ReadValueV3(String variableId) implements Op {}

    /** Writes a state variable at the end of an inference; passes its input through. */
    @OpType(value = "Assign", opset = "opset6")
    record Assign(String variableId) implements Op {}

    @OpType(value = "Assign", opset = "opset3")
    record AssignV3(String variableId) implements Op {}

    /** String tensor → begins i32, ends i32, UTF-8 bytes u8. */
    @OpType(value = "StringTensorUnpack", opset = "opset15")
    record StringTensorUnpack() implements Op {}

    /** Begins i32, ends i32, UTF-8 bytes u8 → string tensor. */
    @OpType(value = "StringTensorPack", opset = "opset15")
    record StringTensorPack() implements Op {}

    /**
     * An op that this library does not know: kept, written back unchanged, inspectable. Compiling it fails unless the
     * runtime has an extension for its type.
     *
     * @param attributes the {@code data} element's attributes, in file order
     */
    record Opaque(String type, String opset, Map<String, String> attributes) implements Op {
        public Opaque {
            attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
        }
    }
}
