/**
 * Text to token ids and back. Tokenizer and detokenizer are IR models; their string operations live here.
 */
@NullMarked
package dev.decanter.tokenizers;

import org.jspecify.annotations.NullMarked;
