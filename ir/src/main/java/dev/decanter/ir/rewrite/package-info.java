/** Rewriting of graphs: a pattern matcher, passes and sequences of passes, and the passes that every device can use. */
package dev.decanter.ir.rewrite;
