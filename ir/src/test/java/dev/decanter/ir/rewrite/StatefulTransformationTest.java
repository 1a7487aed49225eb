package dev.decanter.ir.rewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatefulTransformationTest {
    private static Model decoder(String... extraInputs) {
        List<Node> parameters = new ArrayList<>();
        Output ids = Graphs.parameter("input_ids", ElementType.I64, "?,?");
        parameters.add(ids.node());
        Output fresh = Graphs.f32("fresh", "?,8,?,64");
        parameters.add(fresh.node());
        for (String name : extraInputs) {
            parameters.add(Graphs.parameter(name, ElementType.I32, "?").node());
        }
        List<Node> results = new ArrayList<>();
        results.add(Graphs.result(Graphs.node(new ShapeOp.ShapeOf(ElementType.I64), ids), "logits"));
        for (String kind : List.of("key", "value")) {
            Output past = Graphs.f32("past_key_values.0." + kind, "?,8,?,64");
            parameters.add(past.node());
            results.add(Graphs.result(Graphs.node(new ShapeOp.Concat(-2), past, fresh), "present.0." + kind));
        }
        Output encoder = Graphs.f32("past_key_values.0.encoder.key", "?,8,?,64");
        parameters.add(encoder.node());
        return new Model("decoder", parameters, results, List.of());
    }

    @Test
    void turnsPairsIntoVariables() {
        Model model = decoder();
        assertThat(PassSequence.of(new StatefulTransformation()).run(model)).isTrue();

        assertThat(model.parameters())
                .extracting(Node::name)
                .containsExactly("input_ids", "fresh", "past_key_values.0.encoder.key", "beam_idx");
        assertThat(model.parameter("beam_idx").orElseThrow().output().elementType())
                .isEqualTo(ElementType.I32);
        assertThat(model.results()).hasSize(1);
        assertThat(model.sinks())
                .extracting(Node::op)
                .containsExactly(
                        new Op.Assign("past_key_values.0.keypresent.0.key"),
                        new Op.Assign("past_key_values.0.valuepresent.0.value"));

        Node concat = model.sinks().getFirst().input(0).node();
        assertThat(concat.op()).isEqualTo(new ShapeOp.Concat(-2));
        Node gather = concat.input(0).node();
        assertThat(gather.op()).isEqualTo(new GatherScatterOp.Gather(0));
        assertThat(gather.input(1).names()).containsExactly("beam_idx");
        Node read = gather.input(0).node();
        assertThat(read.op())
                .isEqualTo(new Op.ReadValue(
                        "past_key_values.0.keypresent.0.key", ElementType.F32, PartialShape.of(-1, 8, -1, 64)));
        assertThat(read.output().names()).containsExactly("past_key_values.0.key");
        assertThat(read.input(0).shape()).as("an empty cache for the batch").isEqualTo(PartialShape.of(-1, 8, 0, 64));
        assertThat(PassSequence.of(new StatefulTransformation()).run(model))
                .as("nothing is left to do")
                .isFalse();
    }

    @Test
    void refusesAModelThatHasBeamIdxAlready() {
        Model model = decoder("beam_idx");
        assertThatThrownBy(() -> new StatefulTransformation().run(model))
                .isInstanceOf(IrException.class)
                .hasMessage("the model has past_key_values inputs and beam_idx already: it is half stateful");
    }

    @Test
    void refusesACacheWithoutASourceOfTheBatch() {
        Model model = decoder();
        model.parameters().removeFirst().output().names().clear();
        assertThatThrownBy(() -> new StatefulTransformation().run(model))
                .isInstanceOf(IrException.class)
                .hasMessageStartingWith("no input gives the batch size of the empty cache");
    }
}
