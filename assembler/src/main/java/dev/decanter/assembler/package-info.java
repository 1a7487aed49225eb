/**
 * A small x86-64 assembler: general registers, loops, AVX-512 and AVX vectors, AMX tiles; and executable memory. Encodings
 * are those of the Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.
 */
@NullMarked
package dev.decanter.assembler;

import org.jspecify.annotations.NullMarked;
