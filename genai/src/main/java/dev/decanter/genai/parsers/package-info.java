/**
 * What a model's answer says besides its text: its reasoning, and calls of tools. Batch and piece by piece give the same; what is
 * malformed stays text, and nothing that a model writes is an error.
 */
@NullMarked
package dev.decanter.genai.parsers;

import org.jspecify.annotations.NullMarked;
