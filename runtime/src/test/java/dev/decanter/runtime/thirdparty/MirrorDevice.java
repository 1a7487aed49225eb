package dev.decanter.runtime.thirdparty;

import dev.decanter.ir.Model;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import dev.decanter.runtime.spi.Device;
import dev.decanter.runtime.spi.Executable;
import dev.decanter.runtime.spi.Execution;
import dev.decanter.runtime.spi.OperationExtension;
import java.util.List;
import java.util.Map;

/** A device as a third party would write it: with public API only, in a jar of its own. Its outputs are its inputs. */
public final class MirrorDevice implements Device, Executable, Execution {
    @Override
    public String name() {
        return "MIRROR";
    }

    @Override
    public int priority() {
        return 1000;
    }

    @Override
    public Map<String, String> facts() {
        return Map.of("FULL_DEVICE_NAME", "Mirror");
    }

    @Override
    public Map<String, String> properties() {
        return Map.of("POLISH", "matt");
    }

    @Override
    public Executable compile(Model model, Map<String, String> properties, List<OperationExtension> extensions) {
        return this;
    }

    @Override
    public Execution newExecution() {
        return this;
    }

    @Override
    public List<Tensor> infer(List<Tensor> inputs) {
        return inputs;
    }

    @Override
    public List<VariableState> states() {
        return List.of();
    }

    @Override
    public void close() {}
}
