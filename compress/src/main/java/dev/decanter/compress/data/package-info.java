/** Calibration data for language models: texts of files, and texts that the model makes itself. */
@NullMarked
package dev.decanter.compress.data;

import org.jspecify.annotations.NullMarked;
