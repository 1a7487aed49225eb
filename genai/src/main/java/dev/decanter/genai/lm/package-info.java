/** Language models behind one interface, whether the KV cache is their state or passed in and out. */
@NullMarked
package dev.decanter.genai.lm;

import org.jspecify.annotations.NullMarked;
