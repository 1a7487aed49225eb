/** From a Hugging Face tokenizer's files to tokenizer and detokenizer graphs. */
@NullMarked
package dev.decanter.tokenizers.convert;

import org.jspecify.annotations.NullMarked;
