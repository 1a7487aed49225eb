package dev.decanter.tokenizers;

import dev.decanter.runtime.Tensor;

/**
 * A batch of token ids.
 *
 * @param inputIds i64 [batch, length]
 * @param attentionMask i64 [batch, length], 1 where there is a token and 0 where there is padding
 */
public record TokenizedInputs(Tensor inputIds, Tensor attentionMask) {}
