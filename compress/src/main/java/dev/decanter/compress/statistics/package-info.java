/** Runs a model over calibration data stage by stage, and gathers what data-aware compression needs to know of its activations. */
@NullMarked
package dev.decanter.compress.statistics;

import org.jspecify.annotations.NullMarked;
