package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferenceException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DeviceTest {
    private final Core core = Core.create();

    @Test
    void isFoundAndPreferred() {
        assertThat(core.availableDevices()).containsExactly("CPU", "REFERENCE");
        assertThat(core.deviceFacts("CPU")).containsKeys("FULL_DEVICE_NAME", "VECTOR_KERNELS", "THREADS");
    }

    @Test
    void refusesThreadCountsThatAreNone() {
        var model = Graph.of(g -> g.result(g.input("x", 2)));
        assertThatThrownBy(() -> core.compileModel(model, "CPU", Map.of("INFERENCE_NUM_THREADS", "many")))
                .isInstanceOf(InferenceException.class)
                .hasMessage("INFERENCE_NUM_THREADS is not a number: \"many\"");
        assertThatThrownBy(() -> core.compileModel(model, "CPU", Map.of("INFERENCE_NUM_THREADS", "-1")))
                .hasMessage("INFERENCE_NUM_THREADS must be 0 (automatic) to 1024, not -1");
    }
}
