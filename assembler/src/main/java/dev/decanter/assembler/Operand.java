package dev.decanter.assembler;

/** What the last source of a vector instruction may be. */
public sealed interface Operand permits Vec, Mem {}
