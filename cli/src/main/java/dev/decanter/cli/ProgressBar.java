package dev.decanter.cli;

import dev.decanter.export.ExportListener;
import java.io.PrintWriter;
import java.util.Locale;

/**
 * Shows how far an export is: on a terminal one line that is drawn again, else a plain line for each stage and each quarter.
 * Every call is a chance to give up after Ctrl-C.
 */
final class ProgressBar implements ExportListener {
    private static final int WIDTH = 28;
    private static final long REDRAW_NANOS = 100_000_000;

    private final PrintWriter err;
    private final boolean terminal;
    private long started;
    private long drawn;
    private int quarter;
    private boolean open;

    ProgressBar(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    @Override
    public void stage(String what) {
        Interruption.check();
        end();
        started = System.nanoTime();
        quarter = 0;
        err.println(what);
        err.flush();
    }

    @Override
    public void progress(long bytesDone, long bytesTotal) {
        Interruption.check();
        long now = System.nanoTime();
        if (!terminal) {
            plain(bytesDone, bytesTotal);
        } else if (bytesDone == bytesTotal || now - drawn >= REDRAW_NANOS) {
            drawn = now;
            open = true;
            err.print("\r\033[K" + line(bytesDone, bytesTotal, (now - started) / 1e6));
            err.flush();
        }
    }

    private void plain(long done, long total) {
        int now = total == 0 ? 4 : (int) (4 * done / total);
        if (now > quarter) {
            quarter = now;
            err.println("  " + 25 * now + " %  " + Quantity.bytes(done) + " of " + Quantity.bytes(total));
            err.flush();
        }
    }

    /** {@code [########--------]  50 %  1.2 GB of 2.5 GB  3.1 s left}. */
    static String line(long done, long total, double elapsedMs) {
        double part = total == 0 ? 1 : (double) done / total;
        int full = (int) (part * WIDTH);
        String line = String.format(
                Locale.ROOT,
                "  [%s%s] %3d %%  %s of %s",
                "#".repeat(full),
                "-".repeat(WIDTH - full),
                (int) (part * 100),
                Quantity.bytes(done),
                Quantity.bytes(total));
        if (done == total) {
            return line + "  in " + Quantity.duration(elapsedMs);
        }
        return done == 0 ? line : line + "  " + Quantity.duration(elapsedMs * (1 - part) / part) + " left";
    }

    @Override
    public void note(String line) {
        end();
        err.println(line);
        err.flush();
    }

    /** Ends the line that is being drawn. */
    void end() {
        if (open) {
            open = false;
            err.println();
            err.flush();
        }
    }
}
