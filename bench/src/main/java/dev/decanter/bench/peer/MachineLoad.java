package dev.decanter.bench.peer;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How much CPU time the machine and this process have used, in seconds, and when: tells how many cores others kept busy
 * meanwhile. Linux only.
 */
record MachineLoad(double machine, double process, double time) {
    /** {@code USER_HZ}: fixed at 100 in what Linux shows. */
    private static final double TICK = 0.01;

    static MachineLoad now() throws IOException {
        return new MachineLoad(busy(), own(), System.nanoTime() / 1e9);
    }

    /** As {@link #now}, but child processes that have ended count as this process. */
    static MachineLoad withChildren() throws IOException {
        String stat = Files.readString(Path.of("/proc/self/stat"));
        // behind the command, which may hold anything: state and eleven more fields, utime, stime, cutime, cstime
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        double children = (Long.parseLong(fields[13]) + Long.parseLong(fields[14])) * TICK;
        return new MachineLoad(busy(), own() + children, System.nanoTime() / 1e9);
    }

    private static double busy() throws IOException {
        String[] fields;
        try (var lines = Files.lines(Path.of("/proc/stat"))) {
            fields = lines.findFirst().orElseThrow().trim().split(" +", -1);
        }
        double busy = 0;
        // cpu user nice system idle iowait irq softirq steal: all but the two idle ones
        for (int i = 1; i <= 8; i++) {
            busy += i == 4 || i == 5 ? 0 : Long.parseLong(fields[i]) * TICK;
        }
        return busy;
    }

    private static double own() {
        return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                        .getProcessCpuTime()
                / 1e9;
    }

    /** Cores that other processes kept busy since {@code before}, on average. */
    double othersCores(MachineLoad before) {
        return Math.max(0, (machine - before.machine - (process - before.process)) / (time - before.time));
    }

    /** The load averages of 1, 5 and 15 minutes. */
    static String averages() throws IOException {
        String[] fields = Files.readString(Path.of("/proc/loadavg")).split(" ", -1);
        return fields[0] + " " + fields[1] + " " + fields[2];
    }
}
