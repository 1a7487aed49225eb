/** Shape and type inference. */
package dev.decanter.ir.infer;
