/** Models as files: reading and writing OpenVINO IR, an XML with the graph and a BIN with the weights. */
@NullMarked
package dev.decanter.ir.file;

import org.jspecify.annotations.NullMarked;
