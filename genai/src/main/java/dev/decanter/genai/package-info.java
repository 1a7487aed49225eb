/**
 * How tokens are chosen: generation pipelines, sampling, streaming, chat history and performance metrics.
 */
@NullMarked
package dev.decanter.genai;

import org.jspecify.annotations.NullMarked;
