package dev.decanter.ir.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.RuntimeAttribute;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ExtensionOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class IrWriterTest {
    @TempDir
    Path folder;

    private static Node constant(String name, ElementType type, Shape shape, byte... bytes) {
        return Node.of(Op.Constant.of(type, shape, MemorySegment.ofArray(bytes)), name);
    }

    private static byte[] bytes(int count, int first) {
        byte[] out = new byte[count];
        for (int i = 0; i < count; i++) {
            out[i] = (byte) (first + i);
        }
        return out;
    }

    private static Model model(Output... results) {
        List<Node> ends = new ArrayList<>();
        for (Output output : results) {
            ends.add(Node.of(new Op.Result(), "out" + ends.size(), output));
        }
        List<Node> parameters = new Model("", List.of(), ends, List.of())
                .topologicalOrder().stream()
                        .filter(n -> n.op() instanceof Op.Parameter)
                        .toList();
        return new Model("made", parameters, ends, List.of());
    }

    private static long offset(Path xml, String layer) throws IOException {
        String text = Files.readString(xml);
        String rest = text.substring(text.indexOf("name=\"" + layer + "\""));
        String number = rest.substring(rest.indexOf("offset=\"") + "offset=\"".length());
        return Long.parseLong(number.substring(0, number.indexOf('"')));
    }

    private List<String> files() throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(p -> String.valueOf(p.getFileName())).sorted().toList();
        }
    }

    @Test
    void aStatefulModelIsSpelledAsOpenVinoDoes() throws IOException {
        Node x = Node.of(new Op.Parameter(ElementType.F16, PartialShape.parse("?,1..5,2")), "x");
        x.output().named("x").named("a,b");
        Node start = constant("start", ElementType.F16, Shape.of(1, 1, 2), bytes(4, 1));
        Node read = Node.of(
                new Op.ReadValue("past.0present.0", ElementType.F16, PartialShape.parse("?,?,2")),
                "read",
                start.output());
        Node convert = Node.of(new ShapeOp.Convert(ElementType.F32), "read/f32", read.output());
        convert.runtimeAttributes().add(RuntimeAttribute.DECOMPRESSION);
        Node wide = Node.of(new ShapeOp.Convert(ElementType.F32), "x/f32", x.output());
        Node sum = Node.of(new BinaryOp.Add(), "sum <&\">", wide.output(), convert.output());
        sum.output().named("logits");
        Node mvn = Node.of(
                new NeuralOp.Mvn(true, 1e-6, NeuralOp.EpsMode.INSIDE_SQRT),
                "norm",
                sum.output(),
                constant("axes", ElementType.I64, Shape.of(1), new byte[] {2, 0, 0, 0, 0, 0, 0, 0})
                        .output());
        Node assign = Node.of(new Op.Assign("past.0present.0"), "assign", read.output());
        Node result = Node.of(new Op.Result(List.of("logits")), "result", mvn.output());
        Model model = new Model("Model0", List.of(x), List.of(result), List.of(assign));
        model.rtInfo(model.rtInfo().with("2026.1", "Runtime_version").with("v", "decanter", "a key"));

        Path xml = folder.resolve("golden.xml");
        IrWriter.write(model, xml);
        String expected;
        try (var stream = IrWriterTest.class.getResourceAsStream("golden.xml")) {
            expected = new String(
                    java.util.Objects.requireNonNull(stream).readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        }
        assertThat(Files.readString(xml)).isEqualTo(expected);
        assertThat(Files.readAllBytes(folder.resolve("golden.bin")))
                .containsExactly(1, 2, 3, 4, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0);
        assertThat(ModelComparison.firstDifference(model, IrReader.read(xml), true))
                .isEmpty();
    }

    @Test
    void equalConstantsAreWrittenOnceAndLargeOnesStartAtMultiplesOf64() throws IOException {
        // larger than a chunk, so that hashing and comparing go over several
        byte[] large = new byte[(4 << 20) + 100];
        Arrays.fill(large, (byte) 3);
        byte[] other = large.clone();
        other[other.length - 1] = 4;
        Output a = constant("a", ElementType.U8, Shape.of(3), bytes(3, 0)).output();
        Output b = constant("b", ElementType.U8, Shape.of(large.length), large).output();
        Output c = constant("c", ElementType.U8, Shape.of(large.length), other).output();
        Output d = constant("d", ElementType.U8, Shape.of(large.length), large.clone())
                .output();
        Output e = constant("e", ElementType.I8, Shape.of(3), bytes(3, 0)).output();
        Output f = constant("f", ElementType.F32, Shape.of(0)).output();
        Path xml = folder.resolve("m.xml");
        Model model = model(a, b, c, d, e, f);
        IrWriter.write(model, xml);

        assertThat(offset(xml, "a")).isZero();
        assertThat(offset(xml, "b")).isEqualTo(64);
        assertThat(offset(xml, "c")).isEqualTo((64 + large.length + 63) / 64 * 64L);
        assertThat(offset(xml, "d")).isEqualTo(offset(xml, "b"));
        assertThat(offset(xml, "e")).isEqualTo(offset(xml, "a"));
        assertThat(Files.size(folder.resolve("m.bin"))).isEqualTo(offset(xml, "c") + large.length);
        assertThat(ModelComparison.firstDifference(model, IrReader.read(xml), true))
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"DYNAMIC", "STRING"})
    void constantsOfEveryTypeSurvive(ElementType type) {
        Shape shape = Shape.of(3, 7);
        Output first = constant("c", type, shape, bytes(Math.toIntExact(type.byteSize(21)), 1))
                .output();
        Output scalar = constant("s", type, Shape.SCALAR, bytes(Math.toIntExact(type.byteSize(1)), 9))
                .output();
        Path xml = folder.resolve(type + ".xml");
        Model model = model(first, scalar);
        IrWriter.write(model, xml);
        assertThat(ModelComparison.firstDifference(model, IrReader.read(xml), true))
                .isEmpty();
    }

    @Test
    void stringConstantsSurvive() {
        byte[] data = {2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 'a', 'b', 'c'};
        Model model = model(constant("c", ElementType.STRING, Shape.of(2), data).output());
        Path xml = folder.resolve("s.xml");
        IrWriter.write(model, xml);
        assertThat(ModelComparison.firstDifference(model, IrReader.read(xml), true))
                .isEmpty();
    }

    @Test
    void graphsInsideSurviveWithTheirConstants() {
        Model model = TinyIr.read(TinyIr.LOOP, 24);
        Path xml = folder.resolve("loop.xml");
        IrWriter.write(model, xml);
        Model again = IrReader.read(xml);
        assertThat(ModelComparison.firstDifference(model, again, true)).isEmpty();
    }

    @Test
    void whatTheGraphDoesNotKnowSurvives() {
        Node fancy = Node.of(
                new Op.Opaque("Fancy", "extension", Map.of("text", "tab\tline\nreturn\r'\"<>&ä𝄞")),
                "fancy",
                List.of(),
                List.of(
                        new OutputSpec(ElementType.STRING, PartialShape.DYNAMIC),
                        new OutputSpec(ElementType.DYNAMIC, PartialShape.of(-1, 0))));
        fancy.output(1).runtimeAttributes().add(new RuntimeAttribute("layout", "0", Map.of("layout", "[N,C]")));
        Model model = model(fancy.output(0), fancy.output(1));
        model.results().getFirst().inputRuntimeAttributes().put(0, List.of(RuntimeAttribute.DECOMPRESSION));
        model.results().getFirst().extraAttributes().put("more", "1");
        Path xml = folder.resolve("o.xml");
        IrWriter.write(model, xml);
        assertThat(ModelComparison.firstDifference(model, IrReader.read(xml), true))
                .isEmpty();
    }

    @Test
    void namesThatOccurTwiceAreNumbered() {
        Output a = constant("c", ElementType.U8, Shape.of(1), (byte) 1).output();
        Output b = constant("c0", ElementType.U8, Shape.of(1), (byte) 2).output();
        Output c = constant("c", ElementType.U8, Shape.of(1), (byte) 3).output();
        Path xml = folder.resolve("n.xml");
        IrWriter.write(model(a, b, c), xml);
        assertThat(IrReader.read(xml).topologicalOrder().stream()
                        .filter(n -> n.op() instanceof Op.Constant)
                        .map(Node::name))
                .containsExactly("c", "c0", "c1");
    }

    @Test
    void aModelMayBeWrittenOverItself() throws IOException {
        Path xml = folder.resolve("self.xml");
        IrWriter.write(
                model(constant("c", ElementType.U8, Shape.of(200), bytes(200, 0))
                        .output()),
                xml);
        byte[] before = Files.readAllBytes(folder.resolve("self.bin"));
        Model model = IrReader.read(xml);
        IrWriter.write(model, xml);
        assertThat(Files.readAllBytes(folder.resolve("self.bin"))).isEqualTo(before);
        assertThat(files()).containsExactly("self.bin", "self.xml");
    }

    @Test
    void missingFoldersAreMadeAndAModelWithoutWeightsGetsAnEmptyBin() {
        Node x = Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(1)), "x");
        Path xml = folder.resolve("a/b/m.xml");
        IrWriter.write(model(x.output()), xml);
        assertThat(folder.resolve("a/b/m.bin")).isEmptyFile();
        assertThat(IrReader.read(xml).parameters()).hasSize(1);
    }

    /** Data that are made, 10 MB of zeros, and can fail on the way. */
    private record Zeros(long byteSize, Runnable onRead) implements ConstantData {
        @Override
        public void read(long offset, MemorySegment target) {
            onRead.run();
            target.fill((byte) 0);
        }
    }

    private static Model zeros(Runnable onRead) {
        long size = 10_000_000;
        return model(
                Node.of(new Op.Constant(ElementType.U8, Shape.of(size), new Zeros(size, onRead)), "zeros")
                        .output(),
                Node.of(new Op.Constant(ElementType.U8, Shape.of(size / 2), new Zeros(size / 2, onRead)), "half")
                        .output());
    }

    @Test
    void theListenerHearsOfAllBytes() {
        List<String> heard = new ArrayList<>();
        IrWriter.write(zeros(() -> {}), folder.resolve("p.xml"), (done, total, layer) -> {
            heard.add(done + "/" + total + " " + layer);
            return true;
        });
        assertThat(heard)
                .containsExactly(
                        "4194304/15000000 zeros",
                        "8388608/15000000 zeros",
                        "10000000/15000000 zeros",
                        "14194304/15000000 half",
                        "15000000/15000000 half");
    }

    @Test
    void theListenerAndAnInterruptCancelAndLeaveWhatWasThere() throws IOException {
        Path xml = folder.resolve("c.xml");
        Files.writeString(xml, "before");
        assertThatThrownBy(() -> IrWriter.write(zeros(() -> {}), xml, (done, _, _) -> done < 5_000_000))
                .isInstanceOf(IrException.class)
                .hasMessage(xml + ": layer \"zeros\": cancelled while writing");
        assertThat(files()).containsExactly("c.xml");
        try {
            assertThatThrownBy(() ->
                            IrWriter.write(zeros(() -> Thread.currentThread().interrupt()), xml))
                    .isInstanceOf(IrException.class)
                    .hasMessageContaining("cancelled while writing");
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }
        assertThat(files()).containsExactly("c.xml");
        assertThat(Files.readString(xml)).isEqualTo("before");
    }

    @Test
    void dataThatCannotBeMadeLeaveNoFiles() throws IOException {
        Path xml = folder.resolve("f.xml");
        Model model = zeros(() -> {
            throw new IrException("tensor \"t\" is gone");
        });
        assertThatThrownBy(() -> IrWriter.write(model, xml))
                .isInstanceOf(IrException.class)
                .hasMessage(xml + ": layer \"zeros\": tensor \"t\" is gone");
        assertThat(files()).isEmpty();
    }

    @Test
    void aFullDiskIsSaidAndLeavesNoFiles() throws IOException {
        Path full = Path.of("/dev/full");
        org.junit.jupiter.api.Assumptions.assumeTrue(Files.exists(full), "no /dev/full here");
        try (var channel = java.nio.channels.FileChannel.open(full, java.nio.file.StandardOpenOption.WRITE)) {
            // the device that stands for a full disk fails on each write, as a file on one would
            BinFile blobs = new BinFile(channel, WriteListener.NONE, 1);
            assertThatThrownBy(() -> blobs.place(ConstantData.of(MemorySegment.ofArray(new byte[10])), "w"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("No space left");
            blobs.close();
        }
        Path folderInTheWay = Files.createDirectory(folder.resolve("m.bin"));
        assertThatThrownBy(() -> IrWriter.write(zeros(() -> {}), folder.resolve("m.xml")))
                .isInstanceOf(IrException.class)
                .hasMessage(folder.resolve("m.xml") + ": " + folderInTheWay + " is a folder");
        assertThat(files()).containsExactly("m.bin");
    }

    private record Fused() implements ExtensionOp {
        @Override
        public String type() {
            return "Fused";
        }

        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return List.of(new OutputSpec(ElementType.F32, PartialShape.of(1)));
        }
    }

    private void assertRefused(Model model, String message) throws IOException {
        Path xml = folder.resolve("bad.xml");
        assertThatThrownBy(() -> IrWriter.write(model, xml))
                .isInstanceOf(IrException.class)
                .hasMessage(xml + ": " + message);
        assertThat(files()).isEmpty();
    }

    @Test
    void whatAFileCannotHoldIsRefused() throws IOException {
        assertRefused(
                model(Node.of(new Fused(), "fused").output()),
                "layer \"fused\": op Fused exists inside a compiled model only and cannot be written");
        assertRefused(
                model(Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(1)), "a\u0007b")
                        .output()),
                "layer \"a b\": the text \"a b\" has character 7, which XML cannot hold");
        assertRefused(
                model(Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(1)), "\uD800")
                        .output()),
                "layer \"\uD800\": the text \"\uD800\" has character 55296, which XML cannot hold");
        assertRefused(
                model(Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(1)), "x")
                        .output()
                        .named("a\\")),
                "layer \"x\": the tensor name \"a\\\" cannot be written: it must not be empty or end with a backslash");
        Node extra = Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(1)), "x");
        extra.extraAttributes().put("a b", "1");
        assertRefused(
                model(extra.output()),
                "layer \"x\": \"a b\" cannot be written as the name of an XML element or attribute");
        Node stray = Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(1)), "stray");
        Model without = new Model("m", List.of(), List.of(Node.of(new Op.Result(), "out", stray.output())), List.of());
        assertRefused(without, "layer \"stray\" is used, but is not among the model's Parameters");
        assertThatThrownBy(() -> IrWriter.write(without, folder.resolve("m.ir")))
                .isInstanceOf(IrException.class)
                .hasMessage(folder.resolve("m.ir") + ": the name of a model's file must end with .xml");
    }

    @Test
    void mappedWeightsKeepTheirPlaceInMemory() throws IOException {
        Path xml = folder.resolve("w.xml");
        IrWriter.write(
                model(constant("c", ElementType.U8, Shape.of(100), bytes(100, 0))
                        .output()),
                xml);
        Op.Constant constant =
                (Op.Constant) TinyIr.node(IrReader.read(xml), "c").op();
        MemorySegment segment = constant.data().segment();
        assertThat(segment.isMapped()).isTrue();
        assertThat(segment.isReadOnly()).isTrue();
        assertThat(segment.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes(100, 0));
    }
}
