/** Settings of weight compression that are known to suit a model: Optimum-Intel's table. */
@NullMarked
package dev.decanter.compress.presets;

import org.jspecify.annotations.NullMarked;
