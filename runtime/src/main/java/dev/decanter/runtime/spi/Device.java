package dev.decanter.runtime.spi;

import dev.decanter.ir.Model;
import dev.decanter.runtime.DeviceLimits;
import dev.decanter.runtime.ModelSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A way to run models. Found by {@link java.util.ServiceLoader}; anyone may provide one. */
public interface Device {
    /** For example {@code CPU}; upper case, without a dot. */
    String name();

    /** What {@code AUTO} prefers: the available device with the highest number. REFERENCE has 0, CPU 100. */
    int priority();

    /** Facts for people: {@code FULL_DEVICE_NAME}, instruction sets, threads, memory … in display order. */
    Map<String, String> facts();

    /** The compile properties that this device takes, with their defaults; others are refused before {@link #compile}. */
    Map<String, String> properties();

    /**
     * Measures what the hardware can do, in less than a second.
     *
     * @param threads as many as a model would run on; 0 for as many as one gets by default
     * @return empty if the device has nothing to measure
     */
    default Optional<DeviceLimits> measureLimits(int threads) {
        return Optional.empty();
    }

    /**
     * Compiles a model, which is not changed. {@code extensions} run ops that the model's file has and Decanter's own
     * set has not.
     *
     * @throws dev.decanter.runtime.InferenceException naming op, opset, layer if the device cannot run the model
     */
    Executable compile(Model model, Map<String, String> properties, List<OperationExtension> extensions);

    /**
     * Compiles a model, which need not be read if the device kept what it made of it before.
     *
     * @throws dev.decanter.ir.DecanterException as reading the model and {@link #compile(Model, Map, List)} do
     */
    default Compiled compile(ModelSource source, Map<String, String> properties, List<OperationExtension> extensions) {
        Model model = source.load().get();
        return new Compiled(model, compile(model, properties, extensions));
    }
}
