package dev.decanter.tokenizers;

import dev.decanter.runtime.Tensor;
import java.util.Optional;

/**
 * A batch of token ids.
 *
 * @param inputIds i64 [batch, length]
 * @param attentionMask i64 [batch, length], 1 where there is a token and 0 where there is padding
 * @param tokenTypeIds i64 [batch, length], mostly 0 for the first text of a pair and 1 for the second; present for pairs, and
 *     for single texts if the tokenizer has this output
 */
public record TokenizedInputs(Tensor inputIds, Tensor attentionMask, Optional<Tensor> tokenTypeIds) {}
