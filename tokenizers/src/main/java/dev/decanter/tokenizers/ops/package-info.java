/** The string operations of OpenVINO Tokenizers ({@code version="extension"} in IR files), as kernels for the runtime. */
@NullMarked
package dev.decanter.tokenizers.ops;

import org.jspecify.annotations.NullMarked;
