package dev.decanter.ir.op;

/** How operands of different shapes are matched: not at all, as NumPy does, or as PaddlePaddle does. */
public enum AutoBroadcast {
    NONE,
    NUMPY,
    PDPD
}
