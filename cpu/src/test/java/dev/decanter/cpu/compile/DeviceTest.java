package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.cpu.CpuDevice;
import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.ir.Model;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferenceException;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DeviceTest {
    private static final String GROUP = CpuDevice.DYNAMIC_QUANTIZATION;
    private static final String MODE = CpuDevice.EXECUTION_MODE;

    private static final String CACHE = "KV_CACHE_PRECISION";
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

    @Test
    void quantizesActivationsUnlessToldOtherwise() {
        Model model = Graph.of(g -> g.result(g.input("x", 2)));
        assertThat(options(model)).isEqualTo(new CompileOptions(128, false));
        assertThat(options(model, GROUP, "0")).isEqualTo(CompileOptions.EXACT);
        assertThat(options(model, GROUP, "0", MODE, "PERFORMANCE")).isEqualTo(new CompileOptions(0, false));
        assertThat(options(model, GROUP, "64")).isEqualTo(new CompileOptions(64, false));
        assertThat(options(model, GROUP, "18446744073709551615").group()).isEqualTo(512);
        assertThat(options(model, MODE, "ACCURACY")).isEqualTo(CompileOptions.EXACT);
        assertThat(options(model, MODE, "accuracy", GROUP, "32")).isEqualTo(new CompileOptions(32, true));

        model.rtInfo(model.rtInfo().with("32", "runtime_options", GROUP));
        assertThat(options(model)).isEqualTo(new CompileOptions(32, false));
        assertThat(options(model, GROUP, "256")).isEqualTo(new CompileOptions(256, false));
        assertThat(options(model, MODE, "ACCURACY")).isEqualTo(CompileOptions.EXACT);
    }

    @Test
    void computesExactlyWhereWeightsAreF32() {
        Model exact = Graph.of(g -> g.result(g.op(
                new NeuralOp.MatMul(false, false),
                g.input("x", 2, 64),
                g.constant(Graph.noise(new Random(1), Shape.of(64, 64))))));
        assertThat(options(exact)).isEqualTo(CompileOptions.EXACT);
        assertThat(options(exact, MODE, "PERFORMANCE")).isEqualTo(new CompileOptions(128, false));
        assertThat(options(exact, CACHE, "u8").cache()).isEqualTo(CachePrecision.U8);
    }

    @Test
    void keepsCachesAsAskedByPropertyModeAndModelInThisOrder() {
        Model model = Graph.of(g -> g.result(g.input("x", 2)));
        CachePrecision usual = options(model).cache();
        assertThat(options(model, CACHE, "U8").cache()).isEqualTo(CachePrecision.U8);
        assertThat(options(model, CACHE, "f16", MODE, "ACCURACY").cache()).isEqualTo(CachePrecision.F16);
        model.rtInfo(model.rtInfo().with("u8", "runtime_options", CACHE));
        assertThat(options(model).cache()).isEqualTo(CachePrecision.U8).isNotEqualTo(usual);
        assertThat(options(model, MODE, "ACCURACY").cache()).isEqualTo(CachePrecision.F32);
        assertThat(options(model, CACHE, "f32").cache()).isEqualTo(CachePrecision.F32);
        assertThatThrownBy(() -> options(model, CACHE, "i4"))
                .isInstanceOf(InferenceException.class)
                .hasMessageStartingWith("KV_CACHE_PRECISION must be f32, f16 or u8, not \"i4\"");
        model.rtInfo(model.rtInfo().with("fp8", "runtime_options", CACHE));
        assertThatThrownBy(() -> options(model))
                .hasMessageStartingWith(
                        "the model's runtime_options/KV_CACHE_PRECISION must be f32, f16 or u8, not \"fp8\"");
    }

    private CompileOptions options(Model model, String... given) {
        Map<String, String> all = new HashMap<>(core.deviceProperties("CPU"));
        for (int i = 0; i < given.length; i += 2) {
            assertThat(all.put(given[i], given[i + 1])).isNotNull();
        }
        return CompileOptions.of(all, model);
    }

    @Test
    void refusesModesAndGroupsThatAreNone() {
        Model model = Graph.of(g -> g.result(g.input("x", 2)));
        assertThatThrownBy(() -> core.compileModel(model, "CPU", Map.of(MODE, "FAST")))
                .isInstanceOf(InferenceException.class)
                .hasMessage("EXECUTION_MODE_HINT must be PERFORMANCE, ACCURACY or AUTO, not \"FAST\"");
        assertThatThrownBy(() -> core.compileModel(model, "CPU", Map.of(GROUP, "-32")))
                .hasMessage("DYNAMIC_QUANTIZATION_GROUP_SIZE must be 0 (f32 activations), a number of inputs or AUTO,"
                        + " not -32");
        model.rtInfo(model.rtInfo().with("much", "runtime_options", GROUP));
        assertThatThrownBy(() -> core.compileModel(model, "CPU"))
                .hasMessage("the model's runtime_options/DYNAMIC_QUANTIZATION_GROUP_SIZE is neither a number nor AUTO:"
                        + " \"much\"");
    }

    @Test
    void compilesForFiguresAccurately() {
        Model model = Graph.of(g -> g.result(g.input("x", 2)));
        try (CompiledModel compiled = core.compileAccurately(model, "AUTO", Map.of())) {
            assertThat(compiled.property(MODE)).isEqualTo("ACCURACY");
        }
        try (CompiledModel compiled = core.compileAccurately(model, "CPU", Map.of(MODE, "PERFORMANCE"))) {
            assertThat(compiled.property(MODE)).isEqualTo("PERFORMANCE");
        }
        core.compileAccurately(model, "REFERENCE", Map.of()).close();
    }
}
