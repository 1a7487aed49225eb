package dev.decanter.ir.op;

/** Two values in, one out, element by element with broadcasting. */
public sealed interface BinaryOp extends Op {
    AutoBroadcast autoBroadcast();

    /** Operands and result have one numeric type. */
    sealed interface Arithmetic extends BinaryOp {}

    /** Operands have one type, the result is boolean. */
    sealed interface Comparison extends BinaryOp {}

    /** Operands and result are boolean. */
    sealed interface Logical extends BinaryOp {}

    /** Operands and result are boolean or integers of one type. */
    sealed interface Bitwise extends BinaryOp {}

    @OpType("Add")
    record Add(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Arithmetic {
        public Add() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("Subtract")
    record Subtract(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Arithmetic {
        public Subtract() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("Multiply")
    record Multiply(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Arithmetic {
        public Multiply() {
            this(AutoBroadcast.NUMPY);
        }
    }

    /**
     * Division.
     *
     * @param pythonDivision for integers: round towards negative infinity (else towards zero)
     */
    @OpType("Divide")
    record Divide(
            @Attribute(absent = "numpy") AutoBroadcast autoBroadcast,

            @Attribute(value = "m_pythondiv", absent = "true")
            boolean pythonDivision)
            implements Arithmetic {
        public Divide() {
            this(AutoBroadcast.NUMPY, true);
        }
    }

    @OpType("Power")
    record Power(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Arithmetic {
        public Power() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("Maximum")
    record Maximum(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Arithmetic {
        public Maximum() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("Minimum")
    record Minimum(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Arithmetic {
        public Minimum() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("SquaredDifference")
    record SquaredDifference(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Arithmetic {
        public SquaredDifference() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("Mod")
    record Mod(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Arithmetic {
        public Mod() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("FloorMod")
    record FloorMod(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Arithmetic {
        public FloorMod() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("Equal")
    record Equal(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Comparison {
        public Equal() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("NotEqual")
    record NotEqual(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Comparison {
        public NotEqual() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("Less")
    record Less(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Comparison {
        public Less() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("LessEqual")
    record LessEqual(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Comparison {
        public LessEqual() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("Greater")
    record Greater(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Comparison {
        public Greater() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("GreaterEqual")
    record GreaterEqual(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Comparison {
        public GreaterEqual() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("LogicalAnd")
    record LogicalAnd(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Logical {
        public LogicalAnd() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("LogicalOr")
    record LogicalOr(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Logical {
        public LogicalOr() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType("LogicalXor")
    record LogicalXor(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Logical {
        public LogicalXor() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType(value = "BitwiseAnd", opset = "opset13")
    record BitwiseAnd(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Bitwise {
        public BitwiseAnd() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType(value = "BitwiseOr", opset = "opset13")
    record BitwiseOr(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Bitwise {
        public BitwiseOr() {
            this(AutoBroadcast.NUMPY);
        }
    }

    @OpType(value = "BitwiseXor", opset = "opset13")
    record BitwiseXor(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements Bitwise {
        public BitwiseXor() {
            this(AutoBroadcast.NUMPY);
        }
    }
}
