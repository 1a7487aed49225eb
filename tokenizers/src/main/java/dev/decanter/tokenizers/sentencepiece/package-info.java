/** SentencePiece: its model files, normalization, segmentation and decoding, as the C++ library computes them. */
@NullMarked
package dev.decanter.tokenizers.sentencepiece;

import org.jspecify.annotations.NullMarked;
