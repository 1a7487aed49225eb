package dev.decanter.runtime;

import dev.decanter.ir.Model;
import dev.decanter.ir.RtInfo;
import dev.decanter.runtime.spi.Executable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * A model that a device made ready to run. Immutable and shared: any number of threads may create requests, each of which
 * has its own states. Closing it closes the requests that are still open.
 */
public final class CompiledModel implements AutoCloseable {
    private final Executable executable;
    private final String name;
    private final String device;
    private final Map<String, String> properties;
    private final RtInfo.Section rtInfo;
    private final List<ModelPort> inputs;
    private final List<ModelPort> outputs;
    private final Set<InferRequest> open = ConcurrentHashMap.newKeySet();
    private boolean closed;

    CompiledModel(Model model, String device, Map<String, String> properties, Executable executable) {
        this.executable = executable;
        this.name = model.name();
        this.device = device;
        this.properties = Collections.unmodifiableMap(new LinkedHashMap<>(properties));
        this.rtInfo = model.rtInfo();
        this.inputs = model.parameters().stream().map(ModelPort::of).toList();
        this.outputs = model.results().stream().map(ModelPort::of).toList();
    }

    /** The model's name. */
    public String name() {
        return name;
    }

    /** The name of the device that runs the model; never {@code AUTO}. */
    public String device() {
        return device;
    }

    /** The inputs, in the model's order. */
    public List<ModelPort> inputs() {
        return inputs;
    }

    /** The outputs, in the model's order. */
    public List<ModelPort> outputs() {
        return outputs;
    }

    /** Whether there is an input of this tensor or layer name. */
    public boolean hasInput(String inputName) {
        return find(inputs, inputName) >= 0;
    }

    /** Whether there is an output of this tensor or layer name. */
    public boolean hasOutput(String outputName) {
        return find(outputs, outputName) >= 0;
    }

    /** The input of this tensor or layer name; throws {@link InferenceException} listing the inputs if there is none. */
    public ModelPort input(String inputName) {
        return inputs.get(inputIndex(inputName));
    }

    /** The output of this tensor or layer name; throws {@link InferenceException} listing the outputs if there is none. */
    public ModelPort output(String outputName) {
        return outputs.get(outputIndex(outputName));
    }

    /** All compile properties with the values in force. */
    public Map<String, String> properties() {
        return properties;
    }

    /** The value in force of a compile property; throws {@link InferenceException} for one the device does not have. */
    public String property(String key) {
        String value = properties.get(key);
        if (value == null) {
            throw new InferenceException(
                    "device " + device + " has no property \"" + key + "\"; it has " + list(properties.keySet()));
        }
        return value;
    }

    /** The model's {@code rt_info}. */
    public RtInfo.Section rtInfo() {
        return rtInfo;
    }

    /** A new request with states of its own, which the caller closes. */
    public InferRequest createInferRequest() {
        synchronized (open) {
            if (closed) {
                throw new InferenceException("model \"" + name + "\" is closed");
            }
            InferRequest request = new InferRequest(this, executable.newExecution());
            open.add(request);
            return request;
        }
    }

    void forget(InferRequest request) {
        open.remove(request);
    }

    int inputIndex(String inputName) {
        return index(inputs, inputName, "input");
    }

    int outputIndex(String outputName) {
        return index(outputs, outputName, "output");
    }

    private int index(List<ModelPort> ports, String wanted, String kind) {
        int index = find(ports, wanted);
        if (index < 0) {
            throw new InferenceException("model \"" + name + "\" has no " + kind + " \"" + wanted + "\"; it has "
                    + list(ports.stream().map(ModelPort::name).toList()));
        }
        return index;
    }

    /** By tensor name first: a layer may be called like another one's tensor. */
    private static int find(List<ModelPort> ports, String wanted) {
        for (int i = 0; i < ports.size(); i++) {
            if (ports.get(i).names().contains(wanted)) {
                return i;
            }
        }
        for (int i = 0; i < ports.size(); i++) {
            if (ports.get(i).layerName().equals(wanted)) {
                return i;
            }
        }
        return -1;
    }

    static String list(java.util.Collection<String> names) {
        return names.isEmpty() ? "none" : names.stream().sorted().collect(Collectors.joining(", "));
    }

    /** Closes the open requests, waiting for inferences that are running, and frees the device's memory. */
    @Override
    public void close() {
        synchronized (open) {
            if (closed) {
                return;
            }
            closed = true;
        }
        for (InferRequest request : List.copyOf(open)) {
            request.close();
        }
        executable.close();
    }

    /** Name, device, inputs and outputs. */
    @Override
    public String toString() {
        return "CompiledModel " + name + " on " + device + " " + inputs + " → " + outputs;
    }
}
