package dev.decanter.cli;

import dev.decanter.compress.CompressionListener;
import dev.decanter.export.ExportListener;
import java.io.PrintWriter;
import java.util.Locale;

/**
 * Shows how far an export or a compression is: on a terminal one line that is drawn again, else a plain line for each stage and each quarter.
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
    private boolean counts;

    ProgressBar(PrintWriter err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    /** For stages that count layers or samples, where an export's count bytes. */
    CompressionListener steps() {
        return new CompressionListener() {
            @Override
            public void stage(String name) {
                begin(name);
                counts = true;
            }

            @Override
            public void progress(long done, long total) {
                ProgressBar.this.progress(done, total);
            }

            @Override
            public void note(String message) {
                ProgressBar.this.note(message);
            }
        };
    }

    @Override
    public void stage(String what) {
        begin(what);
        counts = false;
    }

    private void begin(String what) {
        Interruption.check();
        end();
        started = System.nanoTime();
        quarter = 0;
        err.println(what);
        err.flush();
    }

    @Override
    public void progress(long done, long total) {
        Interruption.check();
        long now = System.nanoTime();
        if (!terminal) {
            plain(done, total);
        } else if (done == total || now - drawn >= REDRAW_NANOS) {
            drawn = now;
            open = true;
            err.print("\r\033[K" + line(done, total, (now - started) / 1e6, counts));
            err.flush();
        }
    }

    private void plain(long done, long total) {
        int now = total == 0 ? 4 : (int) (4 * done / total);
        if (now > quarter) {
            quarter = now;
            err.println("  " + 25 * now + " %  " + amount(done, counts) + " of " + amount(total, counts)
                    + left(done, total, (System.nanoTime() - started) / 1e6));
            err.flush();
        }
    }

    /** {@code [########--------]  50 %  1.2 GB of 2.5 GB  3.1 s left}. */
    static String line(long done, long total, double elapsedMs, boolean counts) {
        double part = total == 0 ? 1 : (double) done / total;
        int full = (int) (part * WIDTH);
        return String.format(
                Locale.ROOT,
                "  [%s%s] %3d %%  %s of %s%s",
                "#".repeat(full),
                "-".repeat(WIDTH - full),
                (int) (part * 100),
                amount(done, counts),
                amount(total, counts),
                left(done, total, elapsedMs));
    }

    private static String amount(long value, boolean counts) {
        return counts ? Quantity.count(value) : Quantity.bytes(value);
    }

    private static String left(long done, long total, double elapsedMs) {
        if (done == total) {
            return "  in " + Quantity.duration(elapsedMs);
        }
        return done == 0 ? "" : "  " + Quantity.duration(elapsedMs * (total - done) / done) + " left";
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
