package dev.decanter.assembler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every instruction against the bytes that GNU as 2.40 makes of its text ({@code encodings.txt}). */
class EncodingTest {
    private static Map<String, String> recorded() throws IOException {
        Map<String, String> bytes = new HashMap<>();
        try (InputStream in = EncodingTest.class.getResourceAsStream("encodings.txt")) {
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                int tab = line.indexOf('\t');
                bytes.put(line.substring(tab + 1), line.substring(0, tab));
            }
        }
        return bytes;
    }

    private static String emitted(Consumer<Assembler> emit) {
        Assembler a = new Assembler();
        emit.accept(a);
        return HexFormat.of().formatHex(a.toByteArray());
    }

    private static String mnemonic(String text) {
        int from = text.startsWith("{vex} ") ? "{vex} ".length() : 0;
        int space = text.indexOf(' ', from);
        return text.substring(from, space < 0 ? text.length() : space);
    }

    @TestFactory
    Stream<DynamicTest> instructions() throws IOException {
        Map<String, String> recorded = recorded();
        Map<String, Consumer<Assembler>> cases = EncodingCases.all();
        assertThat(recorded.keySet()).isEqualTo(cases.keySet());
        Map<String, Map<String, Consumer<Assembler>>> byMnemonic = new HashMap<>();
        cases.forEach((text, emit) ->
                byMnemonic.computeIfAbsent(mnemonic(text), _ -> new HashMap<>()).put(text, emit));
        return byMnemonic.entrySet().stream()
                .map(group -> DynamicTest.dynamicTest(
                        group.getKey(),
                        () -> group.getValue()
                                .forEach((text, emit) ->
                                        assertThat(emitted(emit)).as(text).isEqualTo(recorded.get(text)))));
    }

    @Test
    void jumpsBothWays() {
        Assembler a = new Assembler();
        Label back = a.label();
        Label ahead = a.label();
        a.bind(back);
        a.jump(Condition.LESS, ahead);
        a.jump(back);
        a.bind(ahead);
        a.ret();
        // jl +5, jmp -11, ret
        assertThat(HexFormat.of().formatHex(a.toByteArray())).isEqualTo("0f8c05000000" + "e9f5ffffff" + "c3");
    }

    @Test
    void labelThatIsNeverBound() {
        Assembler a = new Assembler();
        a.jump(a.label());
        assertThatThrownBy(a::toByteArray)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("1 jumps go to labels that are not bound");
    }

    @Test
    void operandsThatDoNotExist() {
        assertThatThrownBy(() -> new Vec(32, 64)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Gp.RAX.at(Gp.RSP, 1)).hasMessage("rsp cannot be an index");
        assertThatThrownBy(() -> Gp.RAX.at(Gp.RCX, 3)).hasMessage("a scale is 1, 2, 4 or 8, not 3");
        Assembler a = new Assembler();
        assertThatThrownBy(() -> a.vector().emit(VectorOp.VPADDD, Vec.zmm(0), Vec.zmm(1)))
                .hasMessage("VPADDD has two sources");
        assertThatThrownBy(() -> a.vector()
                        .emit(
                                VectorOp.VPSHUFB,
                                Vec.zmm(0),
                                Vec.zmm(1),
                                Gp.RAX.at().all()))
                .hasMessage("VPSHUFB reads no single element for all lanes");
        assertThatThrownBy(() -> a.vector().mask(0, Gp.RAX)).hasMessage("there is no mask k0 that can choose lanes");
        assertThatThrownBy(() -> a.vector().scalar(ScalarOp.VDIVSD, Vec.xmm(1), Vec.xmm(16), Vec.xmm(2)))
                .hasMessage("VDIVSD is emitted for registers below 16");
        assertThatThrownBy(() -> a.tiles().load(0, Gp.RAX.at()))
                .hasMessage("rows of a tile need an index register with their distance");
    }
}
