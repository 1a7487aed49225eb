package dev.decanter.bench.peer;

import dev.decanter.bench.MachineLimit;
import dev.decanter.cli.ModelWork;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.runtime.Core;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * No engine, but a measure for them: for each token it reads as many bytes as our model's weights have, by the loops of {@code
 * decanter devices}, and does nothing with them. Keys and values are left out, and prompts take no time.
 */
final class MemoryLimit implements Engine {
    private final ThreadTeam team;
    private final WeightMemory memory = WeightMemory.create();
    private final MemorySegment region;

    /** Takes the size of {@code openvino_model.xml}'s weights without those that are only looked up in. */
    MemoryLimit(Path folder, int threads) {
        ModelWork work = ModelWork.of(Core.create().readModel(folder.resolve("openvino_model.xml")), Map.of());
        team = new ThreadTeam(threads);
        region = MachineLimit.region(team, memory, work.weightBytes());
    }

    @Override
    public String description() {
        return String.format(Locale.ROOT, "reading %.0f MB, nothing else", region.byteSize() / 1e6);
    }

    @Override
    public void reset() {}

    @Override
    public void trim(int length) {}

    @Override
    public int next(int... tokens) {
        if (tokens.length == 1) {
            MachineLimit.readOnce(team, region);
        }
        return 0;
    }

    @Override
    public void close() {
        team.close();
        memory.close();
    }
}
