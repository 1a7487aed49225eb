package dev.decanter.runtime;

import dev.decanter.ir.Model;
import dev.decanter.ir.file.IrReader;
import dev.decanter.runtime.spi.Compiled;
import dev.decanter.runtime.spi.Device;
import dev.decanter.runtime.spi.OperationExtension;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The way in: knows the devices and the extensions, reads models and compiles them. Devices and extensions are found by
 * {@link ServiceLoader}; more can be added. Safe for several threads.
 */
public final class Core {
    /** The compile property of devices that trade accuracy for speed: {@code PERFORMANCE} or {@code ACCURACY}. */
    public static final String EXECUTION_MODE_HINT = "EXECUTION_MODE_HINT";

    /** The device name that picks the available device with the highest priority. */
    public static final String AUTO = "AUTO";

    private final List<Device> devices = new CopyOnWriteArrayList<>();
    private final List<OperationExtension> extensions = new CopyOnWriteArrayList<>();

    private Core() {}

    /** A core with all devices and extensions that are installed; throws {@link InferenceException} if one is broken. */
    public static Core create() {
        Core core = new Core();
        ClassLoader own = Core.class.getClassLoader();
        collect(ServiceLoader.load(Device.class), ServiceLoader.load(Device.class, own))
                .forEach(core::addDevice);
        collect(ServiceLoader.load(OperationExtension.class), ServiceLoader.load(OperationExtension.class, own))
                .forEach(core::addExtension);
        return core;
    }

    /** What the thread's class loader sees and what this module's own loader sees, each provider once. */
    private static <S> List<S> collect(ServiceLoader<S> ofThread, ServiceLoader<S> own) {
        List<S> found = new ArrayList<>();
        Set<Class<?>> known = new HashSet<>();
        try {
            for (ServiceLoader<S> loader : List.of(ofThread, own)) {
                for (S service : loader) {
                    if (known.add(service.getClass())) {
                        found.add(service);
                    }
                }
            }
        } catch (ServiceConfigurationError e) {
            throw new InferenceException("an installed device or extension cannot be loaded: " + e.getMessage(), e);
        }
        return found;
    }

    /** Adds a device; throws {@link InferenceException} if there is one of its name already. Returns this. */
    public Core addDevice(Device device) {
        synchronized (devices) {
            for (Device known : devices) {
                if (known.name().equals(device.name())) {
                    throw new InferenceException("two devices are called " + device.name() + ": "
                            + known.getClass().getName() + " and "
                            + device.getClass().getName());
                }
            }
            devices.add(device);
        }
        return this;
    }

    /** Adds operations for models that are compiled from now on. Returns this. */
    public Core addExtension(OperationExtension extension) {
        extensions.add(extension);
        return this;
    }

    /** Names of the devices, those that {@link #AUTO} prefers first. */
    public List<String> availableDevices() {
        return byPriority().stream().map(Device::name).toList();
    }

    /** Facts about a device for people, in display order; throws {@link InferenceException} for an unknown device. */
    public Map<String, String> deviceFacts(String device) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(device(device).facts()));
    }

    /** The compile properties of a device with their defaults; throws {@link InferenceException} for an unknown one. */
    public Map<String, String> deviceProperties(String device) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(device(device).properties()));
    }

    /**
     * Measures what a device's hardware can do, in less than a second.
     *
     * @param threads as many as a model would run on; 0 for as many as one gets by default
     * @return empty if the device has nothing to measure
     * @throws InferenceException for an unknown device
     */
    public Optional<DeviceLimits> measureLimits(String device, int threads) {
        return device(device).measureLimits(threads);
    }

    /**
     * Reads an IR model; its constants are views of the BIN file beside {@code xml}.
     *
     * @throws dev.decanter.ir.IrException if the files are missing or not valid
     */
    public Model readModel(Path xml) {
        return IrReader.read(xml);
    }

    /**
     * Reads an IR model and makes it ready to run; failures name the file.
     *
     * @see #readModel
     * @see #compileModel(ModelSource, String, Map)
     */
    public CompiledModel compileModel(Path xml, String device, Map<String, String> properties) {
        try {
            return compileModel(ModelSource.of(xml, "", model -> model), device, properties);
        } catch (InferenceException e) {
            throw new InferenceException(xml + ": " + e.getMessage(), e);
        }
    }

    /** As {@link #compileModel(Model, String, Map)} with every property at its default. */
    public CompiledModel compileModel(Model model, String device) {
        return compileModel(model, device, Map.of());
    }

    /**
     * Makes a model ready to run. The model is not changed, and changing it later has no effect on what was compiled.
     *
     * @param device a name from {@link #availableDevices}, or {@link #AUTO}
     * @param properties compile properties; those not named have their defaults
     * @throws InferenceException for an unknown device or property, or if the device cannot run the model
     */
    public CompiledModel compileModel(Model model, String device, Map<String, String> properties) {
        return compileModel(ModelSource.of(model), device, properties);
    }

    /**
     * Makes a model ready to run, and reads it only if the device has not kept what it made of it before, as the CPU device does
     * in its {@code CACHE_DIR}.
     *
     * @param device a name from {@link #availableDevices}, or {@link #AUTO}
     * @param properties compile properties; those not named have their defaults
     * @throws InferenceException for an unknown device or property, or if the device cannot run the model
     * @throws dev.decanter.ir.IrException if the files are missing or not valid
     */
    public CompiledModel compileModel(ModelSource source, String device, Map<String, String> properties) {
        Device chosen = device(device);
        Map<String, String> all = new LinkedHashMap<>(chosen.properties());
        properties.forEach((key, value) -> {
            if (!all.containsKey(key)) {
                throw new InferenceException("device " + chosen.name() + " has no property \"" + key + "\"; it has "
                        + CompiledModel.list(all.keySet()));
            }
            all.put(key, value);
        });
        Compiled compiled = chosen.compile(source, Collections.unmodifiableMap(all), List.copyOf(extensions));
        return new CompiledModel(compiled.model(), chosen.name(), all, compiled.executable());
    }

    /** The compile properties by which a device computes as exactly as it can; none if it always does. */
    public Map<String, String> accurateProperties(String device) {
        return deviceProperties(device).containsKey(EXECUTION_MODE_HINT)
                ? Map.of(EXECUTION_MODE_HINT, "ACCURACY")
                : Map.of();
    }

    /**
     * As {@link #compileModel(Model, String, Map)}, in the mode {@code ACCURACY} of devices that have the property {@value
     * #EXECUTION_MODE_HINT}: for figures about a model that errors of fast products must not be mixed into.
     *
     * @param properties compile properties; they win
     */
    public CompiledModel compileAccurately(Model model, String device, Map<String, String> properties) {
        Map<String, String> all = new LinkedHashMap<>(accurateProperties(device));
        all.putAll(properties);
        return compileModel(model, device, all);
    }

    private Device device(String name) {
        List<Device> all = byPriority();
        if (name.equals(AUTO) && !all.isEmpty()) {
            return all.getFirst();
        }
        return all.stream()
                .filter(d -> d.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InferenceException("there is no device \"" + name + "\"; there are " + AUTO
                        + ", " + String.join(", ", availableDevices())));
    }

    private List<Device> byPriority() {
        return devices.stream()
                .sorted(Comparator.comparingInt(Device::priority).reversed().thenComparing(Device::name))
                .toList();
    }
}
