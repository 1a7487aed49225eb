/** Rewriting of graphs: a pattern matcher and the passes that every device and tool may use. */
package dev.decanter.ir.rewrite;
