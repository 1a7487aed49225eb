package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Memory of this process in MB of 10^6 bytes, as Linux counts it. */
final class ProcessMemory {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> KEYS = List.of("VmHWM", "VmRSS", "RssAnon", "RssFile");

    private ProcessMemory() {}

    /** Peak of the resident memory, resident memory now, and its anonymous and mapped parts. */
    static ObjectNode now() throws IOException {
        ObjectNode memory = JSON.createObjectNode();
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            int colon = line.indexOf(':');
            if (KEYS.contains(line.substring(0, colon))) {
                long kilobytes = Long.parseLong(
                        line.substring(colon + 1).replace("kB", "").trim());
                memory.put(line.substring(0, colon), Math.round(kilobytes * 1024 / 1e6));
            }
        }
        return memory;
    }

    /** Resident anonymous memory, MB: what is not a mapped file. */
    static long anonymous() throws IOException {
        return now().path("RssAnon").asLong();
    }
}
