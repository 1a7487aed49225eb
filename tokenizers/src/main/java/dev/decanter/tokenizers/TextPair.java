package dev.decanter.tokenizers;

/**
 * Two texts that make one row of ids, such as a question and a passage.
 *
 * @param first the text that stands first
 * @param second the text that stands behind it
 */
public record TextPair(String first, String second) {}
