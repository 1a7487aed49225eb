package dev.decanter.compress.comparison;

/**
 * A text to compare models on.
 *
 * @param ids its tokens, those included that the tokenizer puts before every text
 * @param start how many of the first tokens are such, and are not predicted
 * @param prompt how many of the first tokens are the prompt of an answer
 */
@SuppressWarnings("ArrayRecordComponent") // not compared
record ComparisonText(long[] ids, int start, int prompt) {}
