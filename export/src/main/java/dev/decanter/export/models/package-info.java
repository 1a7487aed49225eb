/** The architectures: one file each, which spells the graph with the names that the checkpoint uses. */
@NullMarked
package dev.decanter.export.models;

import org.jspecify.annotations.NullMarked;
