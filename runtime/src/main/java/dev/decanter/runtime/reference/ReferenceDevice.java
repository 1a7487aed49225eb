package dev.decanter.runtime.reference;

import dev.decanter.ir.Model;
import dev.decanter.ir.rewrite.WidenDecompression;
import dev.decanter.runtime.spi.Device;
import dev.decanter.runtime.spi.Executable;
import dev.decanter.runtime.spi.Execution;
import dev.decanter.runtime.spi.OperationExtension;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The oracle of every test: interprets the graph layer by layer, slowly, in the calling thread. */
public final class ReferenceDevice implements Device {
    /** The device's name. */
    public static final String NAME = "REFERENCE";

    /** For {@link java.util.ServiceLoader}. */
    public ReferenceDevice() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("FULL_DEVICE_NAME", "Interpreter in plain Java, for checking other devices");
        facts.put("THREADS", "1");
        return facts;
    }

    @Override
    public Map<String, String> properties() {
        return Map.of();
    }

    @Override
    public Executable compile(Model model, Map<String, String> properties, List<OperationExtension> extensions) {
        Model own = model.copy();
        WidenDecompression.run(own);
        Plan plan = Plan.of(own, extensions);
        return new Executable() {
            @Override
            public Execution newExecution() {
                return new ReferenceExecution(plan);
            }

            @Override
            public void close() {
                // constants belong to the model, and nothing else was allocated
            }
        };
    }
}
