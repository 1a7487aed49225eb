package dev.decanter.compress.ptq;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Layers that devices run as one (nncf/openvino/hardware/fused_patterns.py), and layers that are left in float. */
final class Patterns {
    private static final Set<String> ADD = Set.of("Add");
    private static final Set<String> MULTIPLY = Set.of("Multiply");
    private static final Set<String> MATMUL = Set.of("MatMul");
    private static final Set<String> CLAMP = Set.of("Clamp");
    private static final Set<String> CONCAT = Set.of("Concat");
    private static final Set<String> SQUEEZE = Set.of("Squeeze");
    private static final Set<String> UNSQUEEZE = Set.of("Unsqueeze");
    private static final Set<String> TRANSPOSE = Set.of("Transpose");
    private static final Set<String> SOFTMAX = Set.of("SoftMax");
    private static final Set<String> RESHAPE = Set.of("Reshape");
    private static final Set<String> SIN = Set.of("Sin");
    private static final Set<String> COS = Set.of("Cos");
    private static final Set<String> EXP = Set.of("Exp");
    private static final Set<String> SUM = Set.of("ReduceSum");
    private static final Set<String> MVN = Set.of("MVN");
    private static final Set<String> INPUT = Set.of("Parameter");
    private static final Set<String> BATCH_NORM = Set.of("BatchNormInference");
    private static final Set<String> TO_SPACE = Set.of("BatchToSpace");
    private static final Set<String> SHIFT = Set.of("Add", "Subtract");
    private static final Set<String> SCALE = Set.of("Multiply", "Divide");
    private static final Set<String> NORMALIZING = Set.of("Add", "Multiply", "Subtract");
    private static final Set<String> LINEAR = OpKinds.LINEAR;
    private static final Set<String> ACTIVATION = OpKinds.ACTIVATIONS;
    private static final Set<String> ARITHMETIC = OpKinds.ARITHMETIC;
    private static final Set<String> ELEMENTWISE = OpKinds.ELEMENTWISE;

    /** Runs of layers with no quantizer between them. */
    static final List<GraphPattern> FUSED = List.of(
            GraphPattern.chain(ADD, MULTIPLY, ADD, Set.of("Result")),
            GraphPattern.chain(
                    Set.of("Subtract"),
                    MULTIPLY,
                    MULTIPLY,
                    ADD,
                    UNSQUEEZE,
                    CONCAT,
                    CONCAT,
                    RESHAPE,
                    Set.of("Convolution")),
            GraphPattern.chain(MVN, MULTIPLY, ADD),
            GraphPattern.chain(MVN, MULTIPLY, ADD, ACTIVATION),
            GraphPattern.chain(Set.of("NormalizeL2"), MULTIPLY),
            GraphPattern.chain(MULTIPLY, ADD),
            GraphPattern.chain(MULTIPLY, ADD, ACTIVATION),
            GraphPattern.chain(SHIFT, SCALE),
            GraphPattern.of(List.of(EXP, SUM, Set.of("Divide")), 0, 1, 0, 2, 1, 2),
            GraphPattern.of(List.of(EXP, SUM, Set.of("Power"), MULTIPLY), 0, 1, 1, 2, 0, 3, 2, 3),
            GraphPattern.of(List.of(LINEAR, ADD, ADD, CLAMP, MULTIPLY, MULTIPLY), 0, 1, 1, 2, 2, 3, 1, 4, 3, 4, 4, 5),
            GraphPattern.of(
                    List.of(Set.of("Add", "Multiply", "ReduceMean", "Squeeze"), ADD, CLAMP, MULTIPLY, MULTIPLY),
                    0,
                    1,
                    1,
                    2,
                    2,
                    3,
                    0,
                    4,
                    3,
                    4),
            GraphPattern.of(List.of(LINEAR, ADD, ADD, CLAMP, MULTIPLY), 0, 1, 1, 2, 2, 3, 1, 4, 3, 4),
            GraphPattern.of(List.of(LINEAR, ADD, Set.of("HardSigmoid"), MULTIPLY), 0, 1, 1, 2, 1, 3, 2, 3),
            GraphPattern.chain(INPUT, NORMALIZING),
            GraphPattern.chain(INPUT, MULTIPLY, ADD),
            GraphPattern.chain(INPUT, SHIFT, SCALE),
            GraphPattern.chain(INPUT, TRANSPOSE, NORMALIZING),
            GraphPattern.chain(INPUT, TRANSPOSE, MULTIPLY, ADD),
            GraphPattern.chain(INPUT, Set.of("Convert"), TRANSPOSE, NORMALIZING),
            GraphPattern.chain(INPUT, Set.of("Convert"), TRANSPOSE, MULTIPLY, ADD),
            GraphPattern.chain(ACTIVATION, BATCH_NORM),
            GraphPattern.chain(BATCH_NORM, ACTIVATION),
            GraphPattern.chain(ARITHMETIC, ACTIVATION),
            GraphPattern.chain(ARITHMETIC, ACTIVATION, ARITHMETIC),
            GraphPattern.chain(LINEAR, ADD),
            GraphPattern.chain(LINEAR, ACTIVATION),
            GraphPattern.chain(LINEAR, ARITHMETIC),
            GraphPattern.of(List.of(LINEAR, ARITHMETIC), 0, 1, 0, 1),
            GraphPattern.chain(LINEAR, ARITHMETIC, ACTIVATION),
            GraphPattern.chain(LINEAR, SHIFT, SCALE),
            GraphPattern.chain(LINEAR, ARITHMETIC, ACTIVATION, ARITHMETIC),
            GraphPattern.chain(LINEAR, SQUEEZE, ACTIVATION),
            GraphPattern.chain(LINEAR, SQUEEZE, ARITHMETIC, ACTIVATION),
            GraphPattern.chain(LINEAR, ADD, ACTIVATION, UNSQUEEZE, MULTIPLY, ADD, SQUEEZE),
            GraphPattern.chain(CLAMP, MULTIPLY),
            GraphPattern.chain(LINEAR, MULTIPLY, ADD),
            GraphPattern.chain(LINEAR, ADD, MULTIPLY, ADD),
            GraphPattern.chain(LINEAR, ACTIVATION, MULTIPLY, ADD),
            GraphPattern.chain(LINEAR, ADD, ACTIVATION, MULTIPLY, ADD),
            GraphPattern.chain(LINEAR, TO_SPACE, MULTIPLY, ADD, ACTIVATION),
            GraphPattern.chain(LINEAR, TO_SPACE, ARITHMETIC, ACTIVATION),
            GraphPattern.chain(LINEAR, ELEMENTWISE),
            GraphPattern.chain(LINEAR, ADD, ELEMENTWISE),
            GraphPattern.chain(LINEAR, ACTIVATION, ELEMENTWISE),
            GraphPattern.chain(LINEAR, ADD, ACTIVATION, ELEMENTWISE));

    private static final List<GraphPattern> IGNORED_ALWAYS = List.of(
            GraphPattern.chain(UNSQUEEZE, MULTIPLY, ADD, SQUEEZE),
            GraphPattern.chain(Set.of("Equal"), Set.of("LogicalNot")),
            squeezeAndExcite());

    /** What follows the softmax of an attention, and the angles of positions. */
    private static final List<GraphPattern> IGNORED_IN_TRANSFORMERS = List.of(
            GraphPattern.of(List.of(SOFTMAX, MATMUL, attentionValues()), 0, 1, 2, 1),
            GraphPattern.of(List.of(SOFTMAX, RESHAPE, MATMUL, attentionValues()), 0, 1, 1, 2, 3, 2),
            GraphPattern.of(List.of(MATMUL, TRANSPOSE, CONCAT, COS, SIN), 0, 1, 1, 2, 1, 2, 2, 3, 2, 4),
            GraphPattern.of(List.of(MATMUL, CONCAT, COS, SIN), 0, 1, 0, 1, 1, 2, 1, 3),
            GraphPattern.of(List.of(MATMUL, MULTIPLY, COS, SIN, CONCAT), 0, 1, 1, 2, 1, 3, 2, 4, 3, 4));

    private Patterns() {}

    private static Set<String> attentionValues() {
        return Set.of("ReadValue", "Reshape", "Transpose", "Split", "Gather", "Squeeze", "Concat");
    }

    private static GraphPattern squeezeAndExcite() {
        GraphPattern all = GraphPattern.of(
                List.of(
                        Set.of(),
                        Set.of("ReduceMean"),
                        LINEAR,
                        ADD,
                        Set.of("ReLU", "PReLU", "Swish"),
                        LINEAR,
                        ADD,
                        Set.of("Sigmoid", "HSigmoid"),
                        MULTIPLY),
                0,
                1,
                1,
                2,
                2,
                3,
                3,
                4,
                4,
                5,
                5,
                6,
                6,
                7,
                7,
                8,
                0,
                8);
        return new GraphPattern(all.types(), all.edges(), Set.of(1, 8), true);
    }

    static List<GraphPattern> ignored(boolean transformer) {
        List<GraphPattern> all = new ArrayList<>(IGNORED_ALWAYS);
        if (transformer) {
            all.addAll(IGNORED_IN_TRANSFORMERS);
        }
        return all;
    }
}
