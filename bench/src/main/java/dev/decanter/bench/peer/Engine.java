package dev.decanter.bench.peer;

/** An engine with one model loaded and one sequence of tokens in progress. */
interface Engine extends AutoCloseable {
    /** Name, version and what it chose for this CPU, for the report. */
    String description();

    /** Forgets the sequence. */
    void reset();

    /** Forgets all of the sequence but its first {@code length} tokens. */
    void trim(int length);

    /** Appends at most {@link EngineWorker#CHUNK} tokens to the sequence and returns the likeliest next token, the first one on equality. */
    int next(int... tokens);

    @Override
    void close();
}
