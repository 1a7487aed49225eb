package dev.decanter.ir.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.IrException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each kind of bad file, and the one line that it gives. */
class IrReaderErrorsTest {
    private static final String CONST = "layer 1 \"w\" (Const, opset1): ";
    private static final String EDGE_SUM = "<edge from-layer=\"1\" from-port=\"0\" to-layer=\"2\" to-port=\"1\" />";

    private static Arguments sum(String from, String to, String message) {
        return Arguments.of(TinyIr.sumWith(from, to), "tiny.xml: " + message);
    }

    private static Arguments loop(String from, String to, String message) {
        return Arguments.of(TinyIr.changed(TinyIr.LOOP, from, to), "tiny.xml: " + message);
    }

    static Stream<Arguments> documents() {
        return Stream.of(
                Arguments.of("", "tiny.xml: is not well-formed XML: Premature end of file. (line 1)"),
                Arguments.of(
                        "PK\3\4 not XML",
                        "tiny.xml: is not well-formed XML: Content is not allowed in prolog. (line 1)"),
                Arguments.of(
                        "<model version=\"11\" />",
                        "tiny.xml: is not an OpenVINO IR: its root element is <model>, not <net> (line 1)"),
                Arguments.of("<net name=\"a\"/>", "tiny.xml: is not an OpenVINO IR: <net> has no version"),
                Arguments.of(
                        "<net name=\"a\" version=\"6\"/>",
                        "tiny.xml: IR version 6 is older than 10 and not supported: convert the original model again "
                                + "with OpenVINO 2022.1 or newer"),
                Arguments.of(
                        "<net name=\"a\" version=\"12\"/>",
                        "tiny.xml: IR version 12 is not known; 10 and 11 are supported"),
                Arguments.of(
                        "<net name=\"a\" version=\"eleven\"/>",
                        "tiny.xml: IR version \"eleven\" is not a whole number in range"),
                Arguments.of("<net name=\"a\" version=\"11\"/>", "tiny.xml: a graph has no <layers> (line 1)"),
                Arguments.of(
                        TinyIr.SUM.substring(0, TinyIr.SUM.indexOf("</edges>")),
                        "tiny.xml: is not well-formed XML: XML document structures must start and end within the same "
                                + "entity. (line 28)"),
                Arguments.of(
                        TinyIr.SUM + "<net/>",
                        "tiny.xml: is not well-formed XML: The markup in the document following the root element must "
                                + "be well-formed. (line 31)"));
    }

    static Stream<Arguments> layers() {
        return Stream.of(
                sum(
                        "id=\"1\" name=\"w\"",
                        "id=\"0\" name=\"w\"",
                        "layer 0 \"w\" (Const, opset1) has the id of another layer, \"x\""),
                sum("id=\"1\" name", "id=\"one\" name", "layer id \"one\" is not a whole number in range"),
                sum("layer id=\"1\" ", "layer ", "a layer has no id (line 8)"),
                sum("name=\"w\" ", "", "layer 1 has no name (line 8)"),
                sum("type=\"Add\" ", "", "layer 2 \"sum\" has no type (line 12)"),
                sum("type=\"Add\" version=\"opset1\"", "type=\"Add\"", "layer 2 \"sum\" has no version (line 12)"),
                sum(
                        "auto_broadcast=\"numpy\"",
                        "auto_broadcast=\"sometimes\"",
                        "layer 2 \"sum\" (Add, opset1): attribute \"auto_broadcast\": \"sometimes\" is none of "
                                + "[NONE, NUMPY, PDPD]"),
                sum(
                        "element_type=\"f32\" />\n            <output><port id=\"0\" precision=\"FP32\" names",
                        "element_type=\"f33\" />\n            <output><port id=\"0\" precision=\"FP32\" names",
                        "layer 0 \"x\" (Parameter, opset1): attribute \"element_type\": unknown element type \"f33\""),
                sum(
                        "precision=\"FP32\" names=\"sum\"",
                        "precision=\"FP33\" names=\"sum\"",
                        "layer 2 \"sum\" (Add, opset1): unknown port precision \"FP33\""),
                sum(
                        "names=\"sum\"><dim>2</dim>",
                        "names=\"sum\"><dim>two</dim>",
                        "layer 2 \"sum\" (Add, opset1): dimension 0 of port 2: \"two\" is not a whole number in range"),
                sum(
                        "names=\"sum\"><dim>2</dim>",
                        "names=\"sum\"><dim>-2</dim>",
                        "layer 2 \"sum\" (Add, opset1): dimension 0 of port 2 is negative: -2 (line 18)"),
                sum(
                        "names=\"sum\"><dim>2</dim>",
                        "names=\"sum\">" + "<dim>1</dim>".repeat(65) + "<dim>2</dim>",
                        "layer 2 \"sum\" (Add, opset1): port 2 has more than 64 dimensions (line 18)"),
                sum(
                        "<data shape=\"2,3\"",
                        "<data shape=\"2" + ",1".repeat(100) + ",3\"",
                        "layer 0 \"x\" (Parameter, opset1): a shape has rank 102; more than 64 dimensions are not supported"),
                sum(
                        "<data shape=\"2,3\"",
                        "<data shape=\"2,-3\"",
                        "layer 0 \"x\" (Parameter, opset1): attribute \"shape\": illegal dimension \"-3\" in shape \"2,-3\""),
                sum(
                        "<data shape=\"2,3\"",
                        "<data shape=\"99999999999999999999\"",
                        "layer 0 \"x\" (Parameter, opset1): attribute \"shape\": illegal dimension \"99999999999999999999\" in "
                                + "shape \"99999999999999999999\""),
                sum(
                        "<data shape=\"2,3\"",
                        "<data shape=\"4611686018427387904,3\"",
                        "layer 0 \"x\" (Parameter, opset1): size overflow in shape [4611686018427387904, 3]"),
                sum(
                        "<data shape=\"2,3\"",
                        "<data shape=\"2,4\"",
                        "layer 0 \"x\" (Parameter, opset1): output 0 is declared with shape [2,3], but its inputs "
                                + "and attributes give [2,4]"),
                sum(
                        "<data shape=\"2,3\" element_type=\"f32\"",
                        "<data shape=\"2,3\" element_type=\"f16\"",
                        "layer 0 \"x\" (Parameter, opset1): output 0 is declared with type f32, but its inputs "
                                + "and attributes give f16"),
                sum(
                        "<output><port id=\"0\" precision=\"FP32\" names=\"x\"><dim>2</dim><dim>3</dim></port>",
                        "<output><port id=\"0\" precision=\"FP32\" names=\"x\"><dim>2</dim><dim>3</dim></port>"
                                + "<port id=\"1\" precision=\"FP32\" />",
                        "layer 0 \"x\" (Parameter, opset1): the file gives it 2 outputs, but it has 1"),
                sum(
                        "<input><port id=\"0\" precision=\"FP32\"><dim>2</dim><dim>3</dim></port></input>",
                        "<input><port id=\"0\" precision=\"FP32\" /></input><output><port id=\"1\" /></output>",
                        "layer 3 \"out\" (Result, opset1): the file gives it 1 outputs, but it has 0"),
                sum("type=\"Add\"", "type=\"Sqrt\"", "layer 2 \"sum\" (Sqrt, opset1): needs 1 inputs, not 2"),
                sum(
                        "<data shape=\"2,3\" element_type=\"f32\" />\n            <output><port id=\"0\" precision=\"FP32\" names=\"x\"><dim>2</dim><dim>3</dim>",
                        "<data shape=\"2,4\" element_type=\"f32\" />\n            <output><port id=\"0\" precision=\"FP32\" names=\"x\"><dim>2</dim><dim>4</dim>",
                        "layer 2 \"sum\" (Add, opset1): shapes [2,4] and [3] cannot be broadcast to a common shape"),
                sum(
                        "names=\"sum\"><dim>2</dim>",
                        "names=\"sum\"><dim>5</dim>",
                        "layer 2 \"sum\" (Add, opset1): output 0 is declared with shape [5,3], but its inputs "
                                + "and attributes give [2,3]"),
                sum(
                        "<port id=\"1\" precision=\"FP32\"><dim>3</dim></port>",
                        "<port id=\"0\" precision=\"FP32\"><dim>3</dim></port>",
                        "layer 2 \"sum\" (Add, opset1) has two ports 0"),
                sum(
                        "<rt_info />",
                        "<rt_info>" + "<a>".repeat(100) + "</a>".repeat(100) + "</rt_info>",
                        "rt_info is nested deeper than 64 (line 29)"));
    }

    static Stream<Arguments> constants() {
        return Stream.of(
                sum(
                        "<data element_type=\"f32\" shape=\"3\" offset=\"0\" size=\"12\" />",
                        "",
                        CONST + "attribute \"element_type\" is missing"),
                sum(" offset=\"0\"", "", CONST + "attribute \"offset\" is missing"),
                sum(
                        "offset=\"0\"",
                        "offset=\"1\"",
                        CONST + "its data, 12 bytes from 1 on, reach outside the weights, which has 12 bytes"),
                sum("offset=\"0\"", "offset=\"-4\"", CONST + "offset -4 and size 12 of its data are out of range"),
                sum(
                        "offset=\"0\"",
                        "offset=\"9223372036854775800\"",
                        CONST + "offset 9223372036854775800 and size 12 of its data are out of range"),
                sum(
                        "offset=\"0\"",
                        "offset=\"99999999999999999999\"",
                        CONST + "offset \"99999999999999999999\" is not a whole number in range"),
                sum("size=\"12\"", "size=\"-12\"", CONST + "type f32 and shape [3] need 12 bytes, but its size is -12"),
                sum("size=\"12\"", "size=\"13\"", CONST + "type f32 and shape [3] need 12 bytes, but its size is 13"),
                sum("shape=\"3\" offset", "shape=\"?\" offset", CONST + "shape [?] is not static"),
                sum(
                        "shape=\"3\" offset",
                        "shape=\"3037000500,3037000500\" offset",
                        CONST + "size overflow in shape [3037000500, 3037000500]"),
                sum(
                        "shape=\"3\" offset",
                        "shape=\"3037000499,3037000499\" offset",
                        CONST + "size overflow: 9223372030926249001 elements of type f32"),
                sum(
                        "element_type=\"f32\" shape=\"3\"",
                        "element_type=\"dynamic\" shape=\"3\"",
                        CONST + "a constant needs an element type that is not dynamic"),
                sum(
                        "element_type=\"f32\" shape=\"3\"",
                        "element_type=\"i32\" shape=\"3\"",
                        CONST + "output 0 is declared with type f32, but its inputs and attributes give i32"));
    }

    static Stream<Arguments> edges() {
        return Stream.of(
                sum(
                        "from-layer=\"1\" from-port=\"0\"",
                        "from-layer=\"17\" from-port=\"0\"",
                        "the edge from layer 17 port 0 to layer 2 port 1 comes from a layer that does not exist"),
                sum(
                        "to-layer=\"2\" to-port=\"1\"",
                        "to-layer=\"17\" to-port=\"1\"",
                        "the edge from layer 1 port 0 to layer 17 port 1 goes to a layer that does not exist"),
                sum(
                        "from-layer=\"1\" from-port=\"0\"",
                        "from-layer=\"1\" from-port=\"7\"",
                        "the edge from layer 1 port 7 to layer 2 port 1: layer 1 \"w\" (Const, opset1) has no output port 7"),
                sum(
                        "to-layer=\"2\" to-port=\"1\"",
                        "to-layer=\"2\" to-port=\"2\"",
                        "the edge from layer 1 port 0 to layer 2 port 2: layer 2 \"sum\" (Add, opset1) has no input port 2"),
                sum(
                        "to-layer=\"2\" to-port=\"1\"",
                        "to-layer=\"2\" to-port=\"0\"",
                        "the edge from layer 1 port 0 to layer 2 port 0 is the second one into that port of layer 2 "
                                + "\"sum\" (Add, opset1)"),
                sum(EDGE_SUM, "", "layer 2 \"sum\" (Add, opset1): no edge leads to its input port 1"),
                sum(
                        "from-layer=\"1\" from-port=\"0\"",
                        "from-layer=\"2\" from-port=\"2\"",
                        "the graph has a cycle through layer 2 \"sum\" (Add, opset1)"),
                sum("from-layer=\"1\" ", "", "an edge has no from-layer (line 26)"),
                sum(
                        "from-layer=\"1\" ",
                        "from-layer=\"1e3\" ",
                        "from-layer of an edge \"1e3\" is not a whole number in range"));
    }

    static Stream<Arguments> bodies() {
        String rows = "layer 9 \"rows\" (TensorIterator, opset1): ";
        return Stream.of(
                loop(
                        "internal_layer_id=\"4\"",
                        "internal_layer_id=\"8\"",
                        rows + "a link <input> names layer 8, which is no Parameter or Result of the graph inside"),
                loop("internal_layer_id=\"4\"", "", rows + "a link <input> has no internal_layer_id"),
                loop(
                        "external_port_id=\"30\"",
                        "external_port_id=\"31\"",
                        rows + "a link <output> names port 31, which the layer does not have"),
                loop(
                        "<edge from-layer=\"9\" to-layer=\"5\" />",
                        "<edge from-layer=\"9\" to-layer=\"77\" />",
                        rows + "a link <edge> names layer 77, which is no Parameter or Result of the graph inside"),
                loop(
                        "name=\"before\"",
                        "name=\"row\"",
                        rows + "two Parameters or Results of its <body> have the name \"row\""),
                loop(
                        "offset=\"12\"",
                        "offset=\"13\"",
                        rows
                                + "layer 6 \"bias\" (Const, opset1): its data, 12 bytes from 13 on, reach outside the weights, "
                                + "which has 24 bytes"),
                Arguments.of(
                        TinyIr.LOOP.replaceFirst("(?s)<body>.*</body>", ""),
                        "tiny.xml: " + rows + "the graph inside is missing"));
    }

    @ParameterizedTest
    @MethodSource({"documents", "layers", "edges"})
    void aBadFileIsRefusedInOneLine(String xml, String message) {
        assertThatThrownBy(() -> TinyIr.read(xml, 12))
                .isInstanceOf(IrException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @MethodSource("constants")
    void aBadConstantIsRefusedInOneLine(String xml, String message) {
        assertThatThrownBy(() -> TinyIr.read(xml, 12))
                .isInstanceOf(IrException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @MethodSource("bodies")
    void aBadGraphInsideIsRefusedInOneLine(String xml, String message) {
        assertThatThrownBy(() -> TinyIr.read(xml, 24))
                .isInstanceOf(IrException.class)
                .hasMessage(message);
    }

    @Test
    void longAttributesAreRefused() {
        String xml = TinyIr.sumWith("auto_broadcast=\"numpy\"", "auto_broadcast=\"" + "n".repeat(10 << 20) + "\"");
        assertThatThrownBy(() -> TinyIr.read(xml, 12))
                .isInstanceOf(IrException.class)
                .hasMessage(
                        "tiny.xml: layer 2 \"sum\" (Add, opset1): attribute \"auto_broadcast\" of <data> is 10485760 "
                                + "characters long; more than 4194304 are not accepted (line 13)");
    }

    @Test
    void endlessAttributesAreRefusedBeforeTheyFillTheMemory() {
        byte[] start = "<net name=\"".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        java.io.InputStream endless = new java.io.SequenceInputStream(new ByteArrayInputStream(start), new Endless());
        assertThatThrownBy(() -> IrReader.read(endless, MemorySegment.NULL, "tiny.xml"))
                .isInstanceOf(IrException.class)
                .hasMessageStartingWith("tiny.xml: cannot be read: a tag, comment or text is longer than 64 MiB");
    }

    private static final class Endless extends java.io.InputStream {
        @Override
        public int read() {
            return 'a';
        }

        @Override
        public int read(byte[] buffer, int offset, int length) {
            java.util.Arrays.fill(buffer, offset, offset + length, (byte) 'a');
            return length;
        }
    }

    @Test
    void entitiesAreRefused() {
        String bomb = """
                <?xml version="1.0"?>
                <!DOCTYPE net [
                  <!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">
                  <!ENTITY secret SYSTEM "file:///etc/hostname">
                ]>
                <net name="&c;" version="11"><layers /><edges /></net>
                """;
        assertThatThrownBy(() -> TinyIr.read(bomb, 0))
                .isInstanceOf(IrException.class)
                .hasMessage(
                        "tiny.xml: has a document type declaration or entities, which IR files never have (line 5)");
        assertThatThrownBy(() -> TinyIr.read(TinyIr.sumWith("name=\"tiny\"", "name=\"&tiny;\""), 12))
                .isInstanceOf(IrException.class)
                .hasMessageStartingWith("tiny.xml: is not well-formed XML: ");
    }

    @Test
    void deeplyNestedGraphsAreRefused() {
        String layer = "<layer id=\"0\" name=\"l\" type=\"Loop\" version=\"opset5\"><body><layers>";
        String xml = "<net name=\"n\" version=\"11\"><layers>" + layer.repeat(1000)
                + "</layers></body></layer>".repeat(1000) + "</layers></net>";
        assertThatThrownBy(() -> TinyIr.read(xml, 0))
                .isInstanceOf(IrException.class)
                .satisfies(e -> {
                    assertThat(e.getMessage()).startsWith("tiny.xml: layer 0 \"l\" (Loop, opset5): layer 0 ");
                    assertThat(e.getMessage()).contains("graphs are nested deeper than 16 (line 1)");
                });
    }

    @Test
    void deeplyNestedElementsAreRefusedOrSkippedWithoutStackOverflow() {
        String xml = TinyIr.sumWith(
                "<rt_info />", "<unknown>" + "<a>".repeat(100_000) + "</a>".repeat(100_000) + "</unknown>");
        try {
            assertThat(TinyIr.read(xml, 12).results()).hasSize(1);
        } catch (IrException e) {
            assertThat(e.getMessage())
                    .startsWith("tiny.xml: is not well-formed XML: ")
                    .doesNotContain("\n");
        }
    }

    @Test
    void messagesStayOnOneShortLineWhateverNamesAre() {
        String name = "a&#10;b" + "c".repeat(5000);
        assertThatThrownBy(() -> TinyIr.read(
                        TinyIr.sumWith("name=\"sum\"", "name=\"" + name + "\"").replace(EDGE_SUM, ""), 12))
                .isInstanceOf(IrException.class)
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300).doesNotContain("\n"));
    }

    @TempDir
    Path folder;

    @Test
    void missingFilesAndFoldersAreNamed() throws IOException {
        Path missing = folder.resolve("none.xml");
        assertThatThrownBy(() -> IrReader.read(missing))
                .isInstanceOf(IrException.class)
                .hasMessage(missing + ": does not exist");
        Path directory = Files.createDirectory(folder.resolve("dir.xml"));
        assertThatThrownBy(() -> IrReader.read(directory))
                .isInstanceOf(IrException.class)
                .hasMessageStartingWith(directory + ": cannot be read: ");
    }
}
