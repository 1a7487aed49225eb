/** Post-training quantization: where quantizers go, their ranges, SmoothQuant, bias correction, calibration files. */
@NullMarked
package dev.decanter.compress.ptq;

import org.jspecify.annotations.NullMarked;
