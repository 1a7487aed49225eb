package dev.decanter.cli;

import dev.decanter.genai.Streamer;
import dev.decanter.genai.StreamingStatus;
import java.io.PrintWriter;

/** Where generated text goes. */
final class Streamers {
    private Streamers() {}

    /** Prints each piece at once; stops when nobody reads any more, as in {@code decanter generate … | head -c 100}. */
    static Streamer printing(PrintWriter out) {
        return text -> {
            out.print(text);
            return out.checkError() || Interruption.requested() ? StreamingStatus.CANCEL : StreamingStatus.RUNNING;
        };
    }

    /** Prints nothing. */
    static Streamer cancellable() {
        return text -> Interruption.requested() ? StreamingStatus.CANCEL : StreamingStatus.RUNNING;
    }
}
