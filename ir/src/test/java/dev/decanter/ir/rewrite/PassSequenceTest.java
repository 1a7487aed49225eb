package dev.decanter.ir.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PassSequenceTest {
    private static final Pattern VALUE = Pattern.any();
    private static final Pass CANCEL = Pass.replacing(
            "CancelNegation",
            Pattern.op(UnaryOp.Negative.class, Pattern.op(UnaryOp.Negative.class, VALUE)),
            match -> Optional.of(match.output(VALUE)));

    @Test
    void replacesMatchesAndRemovesWhatIsDead() {
        Output x = Graphs.f32("x", "?,8");
        Output end = x;
        for (int i = 0; i < 5; i++) {
            end = Graphs.node(new UnaryOp.Negative(), end);
        }
        Model model = new Model("m", List.of(x.node()), List.of(Graphs.result(end, "y")), List.of());
        assertThat(PassSequence.of(CANCEL).run(model)).isTrue();
        assertThat(model.topologicalOrder()).hasSize(3);
        assertThat(x.consumers())
                .extracting(Input::node)
                .extracting(n -> n.op().type())
                .containsExactly("Negative");
        assertThat(model.result("y")).isPresent();
        assertThat(PassSequence.of(CANCEL).run(model)).isFalse();
    }

    @Test
    void infersShapesAgain() {
        Output x = Graphs.f32("x", "?,8");
        Output shape = Graphs.node(new ShapeOp.ShapeOf(ElementType.I64), x);
        Node result = Graphs.result(shape, "y");
        Model model = new Model("m", List.of(x.node()), List.of(result), List.of());
        Pass wider = m -> {
            Output other = Graphs.f32("x3", "?,8,2");
            m.parameters().set(0, other.node());
            x.replaceWith(other);
            return true;
        };
        assertThat(PassSequence.of(wider).run(model)).isTrue();
        assertThat(result.input(0).shape()).isEqualTo(PartialShape.of(3));
    }
}
