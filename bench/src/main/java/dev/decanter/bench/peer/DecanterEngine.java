package dev.decanter.bench.peer;

import dev.decanter.ir.Model;
import dev.decanter.ir.Shape;
import dev.decanter.ir.rewrite.LastTokenLogits;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Our CPU device, driven as the text pipeline drives it: a stateful IR, logits of the last position only. */
final class DecanterEngine implements Engine {
    /** Keys and values are [batch, heads, sequence, head size]. */
    private static final int SEQUENCE_AXIS = 2;

    private final CompiledModel model;
    private final String description;
    private InferRequest request;
    private int length;

    /** Reads {@code openvino_model.xml} of a folder and compiles it; {@code properties} go to the compiler as they are. */
    DecanterEngine(Path folder, int threads, Map<String, String> properties) {
        Core core = Core.create();
        Model graph = core.readModel(folder.resolve("openvino_model.xml"));
        new LastTokenLogits("logits").run(graph);
        Map<String, String> all = new LinkedHashMap<>(properties);
        all.put("INFERENCE_NUM_THREADS", Integer.toString(threads));
        model = core.compileModel(graph, "CPU", all);
        description = "Decanter, " + core.deviceFacts("CPU") + ", JDK " + Runtime.version();
        request = model.createInferRequest();
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public void reset() {
        request.close();
        request = model.createInferRequest();
        length = 0;
    }

    @Override
    public void trim(int wanted) {
        for (VariableState state : request.queryState()) {
            state.trim(SEQUENCE_AXIS, wanted);
        }
        length = wanted;
    }

    @Override
    public int next(int... tokens) {
        int count = tokens.length;
        long[] ids = new long[count];
        long[] positions = new long[count];
        for (int i = 0; i < count; i++) {
            ids[i] = tokens[i];
            positions[i] = (long) length + i;
        }
        long[] mask = new long[length + count];
        Arrays.fill(mask, 1);
        request.setTensor("input_ids", Tensor.ofLongs(Shape.of(1, count), ids));
        request.setTensor("attention_mask", Tensor.ofLongs(Shape.of(1, mask.length), mask));
        request.setTensor("position_ids", Tensor.ofLongs(Shape.of(1, count), positions));
        request.setTensor("beam_idx", Tensor.ofInts(Shape.of(1), 0));
        request.infer();
        length += count;
        MemorySegment logits = request.tensor("logits").memory();
        return likeliest(logits, logits.byteSize() / Float.BYTES);
    }

    /** Index of the largest of the first {@code count} floats, the first one on equality. */
    static int likeliest(MemorySegment logits, long count) {
        int best = 0;
        float most = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            float value = logits.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            if (value > most) {
                most = value;
                best = i;
            }
        }
        return best;
    }

    @Override
    public void close() {
        request.close();
        model.close();
    }
}
