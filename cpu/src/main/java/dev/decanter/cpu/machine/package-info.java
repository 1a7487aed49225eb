/**
 * Products of block weights in machine code that the JVM's compiler does not make: dot products of bytes (VNNI) and tiles
 * (AMX). With AVX-512, the work on rows around them too. Knows memory and numbers, like {@code kernels}, and gives the same bits.
 */
@NullMarked
package dev.decanter.cpu.machine;

import org.jspecify.annotations.NullMarked;
