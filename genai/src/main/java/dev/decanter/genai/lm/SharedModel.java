package dev.decanter.genai.lm;

import dev.decanter.genai.GenerationException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.rewrite.LastTokenLogits;
import dev.decanter.ir.rewrite.Pass;
import dev.decanter.ir.rewrite.PassSequence;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.ModelPort;
import dev.decanter.runtime.ModelSource;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/** A compiled language model, shared by any number of {@link LanguageModel}s with caches of their own. */
public final class SharedModel implements AutoCloseable {
    private static final Set<String> KNOWN =
            Set.of(StepInputs.INPUT_IDS, StepInputs.ATTENTION_MASK, StepInputs.POSITION_IDS, StepInputs.BEAM_IDX);

    /** What {@link #prepare} does; to be changed whenever its result is. */
    private static final String RECIPE = "language model 1";

    /** Section of {@code rt_info} of the compiled model. */
    private static final String NOTES = "decanter_language_model";

    private static final String LAST_ONLY = "last_only";
    private static final String STATES = "states";
    private static final String AXES = "sequence_axes";

    private final CompiledModel compiled;
    private final Map<String, Integer> sequenceAxes;
    private final List<ModelPort> pasts;
    private final boolean lastOnly;

    private SharedModel(CompiledModel compiled, List<ModelPort> pasts) {
        this.compiled = compiled;
        this.pasts = pasts;
        sequenceAxes = notedAxes(compiled);
        lastOnly = note(compiled, LAST_ONLY);
    }

    /**
     * Reads and compiles.
     *
     * @param changes of the graph, before anything else
     * @throws GenerationException if the inputs and outputs are not those of a language model on token ids
     * @throws dev.decanter.ir.DecanterException if the file cannot be read or compiled
     */
    public static SharedModel load(
            Path xml, List<Pass> changes, Core core, String device, Map<String, String> properties) {
        if (!changes.isEmpty()) {
            return of(xml, IrReader.read(xml), changes, core, device, properties);
        }
        return of(xml, ModelSource.of(xml, RECIPE, SharedModel::prepare), core, device, properties);
    }

    /**
     * Compiles a model that is in memory, and changes it before.
     *
     * @param xml what messages call it
     * @throws GenerationException if the inputs and outputs are not those of a language model on token ids
     * @throws dev.decanter.ir.DecanterException if it cannot be compiled
     */
    public static SharedModel of(
            Path xml, Model model, List<Pass> changes, Core core, String device, Map<String, String> properties) {
        PassSequence.of(changes.toArray(Pass[]::new)).run(model);
        return of(xml, ModelSource.of(prepare(model)), core, device, properties);
    }

    private static SharedModel of(
            Path xml, ModelSource source, Core core, String device, Map<String, String> properties) {
        CompiledModel compiled = compile(xml, source, core, device, properties);
        try {
            return new SharedModel(compiled, check(xml, compiled));
        } catch (GenerationException e) {
            compiled.close();
            throw e;
        }
    }

    /** Changes the graph for generation, and notes in its {@code rt_info} what only the graph tells. */
    private static Model prepare(Model model) {
        boolean lastOnly = model.result(Logits.OUTPUT)
                .map(result -> result.input(0).shape())
                .filter(shape -> shape.hasRank() && shape.rank() == 3)
                .filter(shape -> shape.dim(1).max() <= 1)
                .isPresent();
        new LastTokenLogits(Logits.OUTPUT, StepInputs.LOGITS_FROM).run(model);
        boolean states = model.topologicalOrder().stream().anyMatch(SharedModel::isState);
        RtInfo.Section info = model.rtInfo()
                .with(Boolean.toString(lastOnly), NOTES, LAST_ONLY)
                .with(Boolean.toString(states), NOTES, STATES);
        for (Map.Entry<String, Integer> axis : sequenceAxes(model).entrySet()) {
            info = info.with(Integer.toString(axis.getValue()), NOTES, AXES, axis.getKey());
        }
        model.rtInfo(info);
        return model;
    }

    private static boolean note(CompiledModel model, String name) {
        return model.rtInfo().text(NOTES, name).map(Boolean::parseBoolean).orElse(false);
    }

    private static Map<String, Integer> notedAxes(CompiledModel model) {
        Map<String, Integer> axes = new HashMap<>();
        if (model.rtInfo().entries().get(NOTES) instanceof RtInfo.Section notes
                && notes.entries().get(AXES) instanceof RtInfo.Section all) {
            all.entries()
                    .keySet()
                    .forEach(variable ->
                            all.text(variable).ifPresent(axis -> axes.put(variable, Integer.valueOf(axis))));
        }
        return axes;
    }

    private static CompiledModel compile(
            Path xml, ModelSource source, Core core, String device, Map<String, String> properties) {
        try {
            return core.compileModel(source, device, properties);
        } catch (InferenceException e) {
            throw new InferenceException(xml + ": " + e.getMessage(), e);
        }
    }

    /** The axis of the tokens: the only one, apart from the batch, that the variable's shape leaves open. */
    private static Map<String, Integer> sequenceAxes(Model model) {
        Map<String, Integer> axes = new HashMap<>();
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof Op.ReadValue read) {
                PartialShape shape = read.variableShape();
                int axis = openAxis(shape.hasRank() ? shape : node.output().shape());
                if (axis > 0) {
                    axes.put(read.variableId(), axis);
                }
            }
        }
        return axes;
    }

    private static int openAxis(PartialShape shape) {
        int found = -1;
        for (int i = 1; shape.hasRank() && i < shape.rank(); i++) {
            if (!shape.dim(i).isStatic()) {
                if (found > 0) {
                    return -1;
                }
                found = i;
            }
        }
        return found;
    }

    /** The inputs for the cache, after a look at all inputs. */
    private static List<ModelPort> check(Path xml, CompiledModel model) {
        List<ModelPort> pasts = model.inputs().stream()
                .filter(port -> port.name().startsWith(StatelessLanguageModel.PAST + "."))
                .toList();
        for (ModelPort port : model.inputs()) {
            boolean known = pasts.contains(port)
                    || port.names().contains(StepInputs.LOGITS_FROM)
                    || port.names().stream().anyMatch(KNOWN::contains);
            if (!known) {
                throw new GenerationException(xml + ": has an input \"" + port.name() + "\", which a language model on"
                        + " token ids does not have; its inputs may be " + String.join(", ", sorted())
                        + " and past_key_values.N.key/value");
            }
            ElementType wanted = port.names().contains(StepInputs.BEAM_IDX) ? ElementType.I32 : ElementType.I64;
            if (!pasts.contains(port) && port.elementType() != wanted) {
                throw new GenerationException(xml + ": input \"" + port.name() + "\" is "
                        + port.elementType().irName() + ", it must be " + wanted.irName());
            }
        }
        for (String needed : List.of(StepInputs.INPUT_IDS, StepInputs.ATTENTION_MASK)) {
            if (!model.hasInput(needed)) {
                throw new GenerationException(xml + ": has no input \"" + needed + "\"; export the model for the task"
                        + " text-generation-with-past");
            }
        }
        if (!model.hasOutput(Logits.OUTPUT)) {
            throw new GenerationException(xml + ": has no output \"" + Logits.OUTPUT + "\"; export the model for the"
                    + " task text-generation-with-past");
        }
        if (!note(model, STATES) && pasts.isEmpty()) {
            throw new GenerationException(xml + ": has no KV cache, neither as state nor as past_key_values; export the"
                    + " model for the task text-generation-with-past");
        }
        return pasts;
    }

    private static boolean isState(Node node) {
        return node.op() instanceof Op.ReadValue || node.op() instanceof Op.ReadValueV3;
    }

    private static List<String> sorted() {
        return KNOWN.stream().sorted().toList();
    }

    /** The name of the device that runs the model. */
    public String device() {
        return compiled.device();
    }

    /** Number of tokens that the model knows, from the shape of its logits; empty if the shape leaves it open. */
    public OptionalLong vocabularySize() {
        PartialShape shape = compiled.output(Logits.OUTPUT).shape();
        return shape.hasRank() && shape.rank() > 0 && shape.dim(-1).isStatic()
                ? OptionalLong.of(shape.dim(-1).size())
                : OptionalLong.empty();
    }

    /** A decoder with a cache of its own, which the caller closes. */
    public LanguageModel newLanguageModel() {
        return pasts.isEmpty()
                ? new StatefulLanguageModel(compiled.createInferRequest(), sequenceAxes, lastOnly)
                : new StatelessLanguageModel(compiled.createInferRequest(), pasts, lastOnly);
    }

    @Override
    public void close() {
        compiled.close();
    }
}
