package dev.decanter.ir.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.SubGraphOp;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class IrReaderTest {
    @TempDir
    Path folder;

    @Test
    void aSmallModelHasItsLayersConnected() {
        Model model = TinyIr.read(TinyIr.SUM, 12);
        Node sum = TinyIr.node(model, "sum");
        assertThat(model.name()).isEqualTo("tiny");
        assertThat(sum.op()).isEqualTo(new BinaryOp.Add());
        assertThat(sum.inputs().stream().map(o -> o.node().name())).containsExactly("x", "w");
        assertThat(sum.output().shape()).isEqualTo(PartialShape.of(2, 3));
        assertThat(sum.output().elementType()).isEqualTo(ElementType.F32);
        assertThat(model.parameter("x")).isPresent();
        assertThat(model.result("sum")).contains(model.results().getFirst());
    }

    @Test
    void layersMayBeListedAfterTheirConsumersAndHaveAnyIds() {
        String xml = TinyIr.SUM
                .replace("id=\"0\" name", "id=\"907\" name")
                .replace("from-layer=\"0\"", "from-layer=\"907\"");
        int start = xml.indexOf("<layer id=\"1\"");
        int end = xml.indexOf("<layer id=\"2\"");
        String constant = xml.substring(start, end);
        String moved = xml.substring(0, start) + xml.substring(end).replace("</layers>", constant + "</layers>");
        Model model = TinyIr.read(moved, 12);
        assertThat(ModelComparison.firstDifference(model, TinyIr.read(TinyIr.SUM, 12), true))
                .isEmpty();
    }

    @Test
    void version10HasPortsWithoutPrecisionListsWithoutSpacesAndCapitalBooleans() {
        String xml = """
                <?xml version="1.0" ?>
                <net name="old" version="10">
                  <layers>
                    <layer id="0" name="x" type="Parameter" version="opset1">
                      <data element_type="f32" shape="1,2,8,8"/>
                      <output><port id="0" precision="FP32"><dim>1</dim><dim>2</dim><dim>8</dim><dim>8</dim></port></output>
                    </layer>
                    <layer id="1" name="w" type="Const" version="opset1">
                      <data element_type="f32" offset="0" shape="3,2,1,1" size="24"/>
                      <output><port id="1" precision="FP32"><dim>3</dim><dim>2</dim><dim>1</dim><dim>1</dim></port></output>
                    </layer>
                    <layer id="2" name="conv" type="Convolution" version="opset1">
                      <data dilations="1,1" output_padding="0,0" pads_begin="0,0" pads_end="0,0" strides="2,2"/>
                      <input>
                        <port id="0"><dim>1</dim><dim>2</dim><dim>8</dim><dim>8</dim></port>
                        <port id="1"><dim>3</dim><dim>2</dim><dim>1</dim><dim>1</dim></port>
                      </input>
                      <output><port id="2" precision="FP32"><dim>1</dim><dim>3</dim><dim>4</dim><dim>4</dim></port></output>
                    </layer>
                    <layer id="3" name="mm" type="MatMul" version="opset1">
                      <data transpose_a="False" transpose_b="True"/>
                      <input>
                        <port id="0"><dim>1</dim><dim>3</dim><dim>4</dim><dim>4</dim></port>
                        <port id="1"><dim>1</dim><dim>3</dim><dim>4</dim><dim>4</dim></port>
                      </input>
                      <output><port id="2" precision="FP32"><dim>1</dim><dim>3</dim><dim>4</dim><dim>4</dim></port></output>
                    </layer>
                    <layer id="4" name="out" type="Result" version="opset1">
                      <input><port id="0"><dim>1</dim><dim>3</dim><dim>4</dim><dim>4</dim></port></input>
                    </layer>
                  </layers>
                  <edges>
                    <edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
                    <edge from-layer="1" from-port="1" to-layer="2" to-port="1"/>
                    <edge from-layer="2" from-port="2" to-layer="3" to-port="0"/>
                    <edge from-layer="2" from-port="2" to-layer="3" to-port="1"/>
                    <edge from-layer="3" from-port="2" to-layer="4" to-port="0"/>
                  </edges>
                  <meta_data>
                    <MO_version value="2021.4"/>
                    <cli_parameters><data_type value="float"/><unset unset_cli_parameters="a, b"/></cli_parameters>
                  </meta_data>
                  <quantization_parameters><version value="1"/></quantization_parameters>
                </net>
                """;
        Model model = TinyIr.read(xml, 24);
        NeuralOp.Convolution conv =
                (NeuralOp.Convolution) TinyIr.node(model, "conv").op();
        assertThat(conv.strides()).containsExactly(2L, 2L);
        assertThat(TinyIr.node(model, "conv").extraAttributes()).containsExactly(Map.entry("output_padding", "0,0"));
        assertThat(TinyIr.node(model, "mm").op()).isEqualTo(new NeuralOp.MatMul(false, true));
        assertThat(model.rtInfo().text("meta_data", "MO_version")).hasValue("2021.4");
        assertThat(model.rtInfo().text("meta_data", "cli_parameters", "unset", "unset_cli_parameters"))
                .hasValue("a, b");
        assertThat(model.rtInfo().text("quantization_parameters", "version")).hasValue("1");
    }

    @Test
    void tensorNamesAreSplitAtCommasThatAreNotEscaped() {
        Model model = TinyIr.read(TinyIr.sumWith("names=\"x\"", "names=\"a\\,b,560,a\\b, c\""), 12);
        assertThat(TinyIr.node(model, "x").output().names()).containsExactly("a,b", "560", "a\\b", " c");
        assertThat(model.parameter("a,b")).isPresent();
    }

    @Test
    void aResultHasNamesOfItsOwnInNewerFiles() {
        Model model = TinyIr.read(
                TinyIr.sumWith(
                        "type=\"Result\" version=\"opset1\"",
                        "type=\"Result\" version=\"opset1\" output_names=\"l,o\""),
                12);
        assertThat(model.results().getFirst().op()).isEqualTo(new Op.Result(List.of("l", "o")));
        assertThat(Model.tensorNames(model.results().getFirst())).containsExactly("sum", "l", "o");
    }

    @Test
    void dynamicBoundedAndEmptyDimensionsAreKept() {
        String xml = """
                <net name="dims" version="11"><layers>
                <layer id="0" name="x" type="Parameter" version="opset1">
                  <data shape="1..5,..224,?,0" element_type="f32" />
                  <output><port id="0" precision="FP32"><dim>-1</dim><dim>-1</dim><dim>7</dim><dim>0</dim></port></output>
                </layer>
                <layer id="1" name="out" type="Result" version="opset1">
                  <input><port id="0" precision="FP32"><dim>-1</dim><dim>-1</dim><dim>7</dim><dim>0</dim></port></input>
                </layer></layers>
                <edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0" /></edges></net>
                """;
        Model model = TinyIr.read(xml, 0);
        // the port is more exact in the third dimension, the attribute in the first two
        assertThat(TinyIr.node(model, "x").output().shape()).isEqualTo(PartialShape.parse("1..5,..224,7,0"));
        assertThat(((Op.Parameter) TinyIr.node(model, "x").op()).shape())
                .isEqualTo(PartialShape.parse("1..5,..224,?,0"));
    }

    @Test
    void olderFilesCallTheDynamicTypeUndefined() {
        Model model = TinyIr.read(
                TinyIr.sumWith("shape=\"2,3\" element_type=\"f32\"", "shape=\"2,3\" element_type=\"undefined\""), 12);
        Op.Parameter x = (Op.Parameter) TinyIr.node(model, "x").op();
        assertThat(x.elementType()).isEqualTo(ElementType.DYNAMIC);
        assertThat(TinyIr.node(model, "x").output().elementType()).isEqualTo(ElementType.F32);
    }

    @Test
    void runtimeInfoIsKeptOnLayersPortsAndTheModel() {
        String xml = TinyIr.SUM
                .replace(
                        "<data auto_broadcast=\"numpy\" />",
                        "<data auto_broadcast=\"numpy\" /><rt_info><attribute name=\"fused_names\" version=\"0\" value=\"a\" /></rt_info>")
                .replace(
                        "names=\"sum\"><dim>2</dim><dim>3</dim>",
                        "names=\"sum\"><dim>2</dim><dim>3</dim><rt_info><attribute name=\"layout\" version=\"0\" layout=\"[N,C]\" /></rt_info>")
                .replace(
                        "<port id=\"1\" precision=\"FP32\"><dim>3</dim></port>",
                        "<port id=\"1\" precision=\"FP32\"><dim>3</dim><rt_info><attribute name=\"in\" version=\"1\" /></rt_info></port>")
                .replace(
                        "<rt_info />",
                        "<rt_info><optimum><version value=\"1.27\" /></optimum><info name=\"a key\" value=\"b\" />"
                                + "<info name=\"more keys\"><k value=\"c\" /></info><empty />"
                                + "<template value=\"line&#10;two &lt;|x|> &quot;q&quot;\" /></rt_info>");
        Model model = TinyIr.read(xml, 12);
        Node sum = TinyIr.node(model, "sum");
        assertThat(sum.runtimeAttributes().getFirst().values()).containsEntry("value", "a");
        assertThat(sum.output().runtimeAttributes().getFirst().values()).containsEntry("layout", "[N,C]");
        assertThat(sum.inputRuntimeAttributes().get(1).getFirst().name()).isEqualTo("in");
        assertThat(model.rtInfo().text("optimum", "version")).hasValue("1.27");
        assertThat(model.rtInfo().text("a key")).hasValue("b");
        assertThat(model.rtInfo().text("more keys", "k")).hasValue("c");
        assertThat(model.rtInfo().entries()).containsEntry("empty", RtInfo.Section.EMPTY);
        assertThat(model.rtInfo().text("template")).hasValue("line\ntwo <|x|> \"q\"");
    }

    @Test
    void layersThatNothingNeedsAreLeftOutButParametersStay() {
        String xml = TinyIr.SUM
                .replace("<layer id=\"3\"", """
                        <layer id="8" name="unused" type="Parameter" version="opset1">
                          <data shape="" element_type="i64" />
                          <output><port id="0" precision="I64" /></output>
                        </layer>
                        <layer id="9" name="dead" type="Sqrt" version="opset1">
                          <input><port id="0" precision="FP32" /></input>
                          <output><port id="1" precision="FP32" /></output>
                        </layer>
                        <layer id="3\"""")
                .replace("</edges>", "<edge from-layer=\"2\" from-port=\"2\" to-layer=\"9\" to-port=\"0\" /></edges>");
        Model model = TinyIr.read(xml, 12);
        assertThat(model.topologicalOrder().stream().map(Node::name))
                .contains("unused")
                .doesNotContain("dead");
        assertThat(TinyIr.node(model, "sum").output().consumers()).hasSize(1);
    }

    @Test
    void unknownOpsAndAttributesAreKept() {
        String xml = TinyIr.sumWith("type=\"Add\" version=\"opset1\"", "type=\"Fancy\" version=\"extension\"")
                .replace("<data auto_broadcast=\"numpy\" />", "<data b=\"1\" a=\"x  y\" />");
        Node fancy = TinyIr.node(TinyIr.read(xml, 12), "sum");
        assertThat(fancy.op()).isEqualTo(new Op.Opaque("Fancy", "extension", Map.of("b", "1", "a", "x  y")));
        assertThat(fancy.output().shape()).isEqualTo(PartialShape.of(2, 3));

        Node add = TinyIr.node(
                TinyIr.read(TinyIr.sumWith("auto_broadcast=\"numpy\"", "auto_broadcast=\"numpy\" new=\"1\""), 12),
                "sum");
        assertThat(add.op()).isEqualTo(new BinaryOp.Add());
        assertThat(add.extraAttributes()).containsExactly(Map.entry("new", "1"));
    }

    @Test
    void graphsInsideAreReadWithTheirConstantsAndLinks() {
        Model model = TinyIr.read(TinyIr.LOOP, 24);
        SubGraphOp.SubGraph loop =
                (SubGraphOp.SubGraph) TinyIr.node(model, "rows").op();
        SubGraphOp.Body body = loop.bodies().getFirst();
        assertThat(body.element()).isEqualTo("body");
        assertThat(body.model().parameters()).hasSize(2);
        assertThat(body.layerIds()).isEqualTo(Map.of("4", "row", "5", "before", "9", "end"));
        // ports are numbered by their place, inputs first
        assertThat(body.portMap().stream().map(l -> l.attributes().get("external_port_id")))
                .containsExactly("0", "1", "2");
        assertThat(body.backEdges()).hasSize(1);
        Op.Constant bias = (Op.Constant) TinyIr.node(body.model(), "bias").op();
        assertThat(bias.data().segment().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 12);
    }

    @Test
    void constantsOfOneRegionShareTheirData() {
        String xml = TinyIr.SUM
                .replace("<layer id=\"2\"", """
                        <layer id="5" name="again" type="Const" version="opset1">
                          <data element_type="i32" shape="3" offset="0" size="12" />
                          <output><port id="0" precision="I32"><dim>3</dim></port></output>
                        </layer>
                        <layer id="6" name="out2" type="Result" version="opset1">
                          <input><port id="0" precision="I32"><dim>3</dim></port></input>
                        </layer>
                        <layer id="2\"""")
                .replace("</edges>", "<edge from-layer=\"5\" from-port=\"0\" to-layer=\"6\" to-port=\"0\" /></edges>");
        Model model = TinyIr.read(xml, 12);
        Op.Constant first = (Op.Constant) TinyIr.node(model, "w").op();
        Op.Constant second = (Op.Constant) TinyIr.node(model, "again").op();
        assertThat(second.data()).isSameAs(first.data());
        assertThat(second.elementType()).isEqualTo(ElementType.I32);
    }

    @Test
    void constantsMayBeAtAnyOffset() {
        Model model = TinyIr.read(TinyIr.sumWith("offset=\"0\"", "offset=\"5\""), 17);
        Op.Constant constant = (Op.Constant) TinyIr.node(model, "w").op();
        byte[] bytes = constant.data().segment().toArray(ValueLayout.JAVA_BYTE);
        assertThat(bytes).containsExactly(5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    }

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"DYNAMIC", "STRING"})
    void constantsOfEveryTypeAreRead(ElementType type) {
        int bytes = Math.toIntExact(type.byteSize(5));
        Model model = TinyIr.read(constant(type, "5", bytes), bytes);
        Op.Constant constant = (Op.Constant) TinyIr.node(model, "c").op();
        assertThat(constant.elementType()).isEqualTo(type);
        assertThat(constant.shape()).isEqualTo(Shape.of(5));
        assertThat(constant.data().byteSize()).isEqualTo(bytes);
    }

    private static String constant(ElementType type, String shape, long size) {
        String dims = shape.isEmpty() ? "" : "<dim>" + shape + "</dim>";
        String port = "precision=\"" + type.precision() + "\">" + dims + "</port>";
        return "<net name=\"c\" version=\"11\"><layers><layer id=\"0\" name=\"c\" type=\"Const\" version=\"opset1\">"
                + "<data element_type=\"" + type.irName() + "\" shape=\"" + shape + "\" offset=\"0\" size=\"" + size
                + "\" /><output><port id=\"0\" " + port + "</output></layer>"
                + "<layer id=\"1\" name=\"out\" type=\"Result\" version=\"opset1\"><input><port id=\"0\" " + port
                + "</input></layer></layers>"
                + "<edges><edge from-layer=\"0\" from-port=\"0\" to-layer=\"1\" to-port=\"0\" /></edges></net>";
    }

    private static byte[] strings(int count, int first, int... endsThenText) {
        ByteBuffer buffer =
                ByteBuffer.allocate(4 * (2 + endsThenText.length) + 5).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(count).putInt(first);
        for (int end : endsThenText) {
            buffer.putInt(end);
        }
        return buffer.put("héllo".substring(0, 4).getBytes(StandardCharsets.UTF_8))
                .array();
    }

    @Test
    void stringConstantsAreRead() {
        byte[] data = strings(2, 0, 3, 5);
        Model model = TinyIr.read(constant(ElementType.STRING, "2", data.length), data);
        Op.Constant constant = (Op.Constant) TinyIr.node(model, "c").op();
        assertThat(constant.elementType()).isEqualTo(ElementType.STRING);
        assertThat(constant.data().segment().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(data);
    }

    @Test
    void stringConstantsThatAreNotStringsAreRefused() {
        String prefix = "tiny.xml: layer 0 \"c\" (Const, opset1): ";
        String two = constant(ElementType.STRING, "2", 21);
        assertThatThrownBy(() -> TinyIr.read(two, strings(3, 0, 3, 5)))
                .isInstanceOf(IrException.class)
                .hasMessage(prefix + "its data are not 2 strings");
        assertThatThrownBy(() -> TinyIr.read(constant(ElementType.STRING, "2", 3), new byte[3]))
                .hasMessage(prefix + "its data are not 2 strings");
        for (byte[] bad :
                List.of(strings(2, 0, 5, 3), strings(2, 0, 3, 6), strings(2, 1, 3, 5), strings(2, 0, -1, 5))) {
            assertThatThrownBy(() -> TinyIr.read(two, bad))
                    .hasMessage(prefix + "the strings of its data overlap or reach outside it");
        }
    }

    @Test
    void filesAreReadWithTheWeightsBeside() throws IOException {
        Path xml = folder.resolve("openvino_model.xml");
        Files.writeString(xml, TinyIr.SUM);
        Files.write(folder.resolve("openvino_model.bin"), new byte[12]);
        assertThat(IrReader.read(xml).results()).hasSize(1);
        Path elsewhere = folder.resolve("weights");
        Files.move(folder.resolve("openvino_model.bin"), elsewhere);
        assertThat(IrReader.read(xml, elsewhere).results()).hasSize(1);
        assertThatThrownBy(() -> IrReader.read(xml))
                .isInstanceOf(IrException.class)
                .hasMessage(xml + ": layer 1 \"w\" (Const, opset1): its data are in "
                        + folder.resolve("openvino_model.bin") + ", which does not exist");
    }

    @Test
    void weightsMayBeMissingWhereNoneAreNeeded() throws IOException {
        Path xml = folder.resolve("a.xml");
        Files.writeString(xml, constant(ElementType.F32, "0", 0));
        Model model = IrReader.read(xml);
        assertThat(((Op.Constant) TinyIr.node(model, "c").op()).data().byteSize())
                .isZero();
    }

    @Test
    void largeSparseWeightsAreMappedNotRead() throws IOException {
        Path xml = folder.resolve("big.xml");
        long elements = 3L << 30;
        Files.writeString(xml, constant(ElementType.U8, Long.toString(elements), elements));
        try (var file = new java.io.RandomAccessFile(folder.resolve("big.bin").toFile(), "rw")) {
            file.setLength(elements);
        }
        Op.Constant constant =
                (Op.Constant) TinyIr.node(IrReader.read(xml), "c").op();
        assertThat(constant.data().segment().get(ValueLayout.JAVA_BYTE, elements - 1))
                .isZero();
    }

    @Test
    void aTopologyHasShapesButNoData() throws IOException {
        Path xml = folder.resolve("t.xml");
        Files.writeString(xml, TinyIr.SUM);
        Model model = IrReader.readTopology(xml);
        Output weights = TinyIr.node(model, "w").output();
        assertThat(weights.shape()).isEqualTo(PartialShape.of(3));
        Op.Constant constant = (Op.Constant) weights.node().op();
        assertThatThrownBy(() -> constant.data().segment())
                .isInstanceOf(IrException.class)
                .hasMessage(xml + ": the topology was read without weights, and a constant of 12 bytes at offset 0 is "
                        + "needed; read the model with its BIN file");
    }

    @Test
    void deepGraphsDoNotNeedADeepStack() {
        StringBuilder layers = new StringBuilder();
        StringBuilder edges = new StringBuilder();
        int count = 20_000;
        String port = "precision=\"FP32\"><dim>2</dim></port>";
        for (int i = 1; i <= count; i++) {
            layers.append(
                    "<layer id=\"%d\" name=\"l%d\" type=\"Sqrt\" version=\"opset1\"><input><port id=\"0\" %s</input><output><port id=\"1\" %s</output></layer>"
                            .formatted(i, i, port, port));
            edges.append("<edge from-layer=\"%d\" from-port=\"%d\" to-layer=\"%d\" to-port=\"0\" />"
                    .formatted(i - 1, i == 1 ? 0 : 1, i));
        }
        String xml =
                "<net name=\"deep\" version=\"11\"><layers><layer id=\"0\" name=\"x\" type=\"Parameter\" version=\"opset1\"><data shape=\"2\" element_type=\"f32\" /><output><port id=\"0\" "
                        + port + "</output></layer>" + layers
                        + "<layer id=\"-5\" name=\"out\" type=\"Result\" version=\"opset1\"><input><port id=\"0\" "
                        + port
                        + "</input></layer></layers><edges>" + edges + "<edge from-layer=\"" + count
                        + "\" from-port=\"1\" to-layer=\"-5\" to-port=\"0\" /></edges></net>";
        assertThat(TinyIr.read(xml, 0).topologicalOrder()).hasSize(count + 2);
    }
}
