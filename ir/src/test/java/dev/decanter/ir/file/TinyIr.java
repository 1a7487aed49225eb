package dev.decanter.ir.file;

import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import java.io.ByteArrayInputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Small IR texts. */
final class TinyIr {
    /** {@code sum = x + w}, {@code x} f32 [2, 3], {@code w} f32 [3] in the first 12 bytes of the weights. */
    static final String SUM = """
            <?xml version="1.0"?>
            <net name="tiny" version="11">
                <layers>
                    <layer id="0" name="x" type="Parameter" version="opset1">
                        <data shape="2,3" element_type="f32" />
                        <output><port id="0" precision="FP32" names="x"><dim>2</dim><dim>3</dim></port></output>
                    </layer>
                    <layer id="1" name="w" type="Const" version="opset1">
                        <data element_type="f32" shape="3" offset="0" size="12" />
                        <output><port id="0" precision="FP32"><dim>3</dim></port></output>
                    </layer>
                    <layer id="2" name="sum" type="Add" version="opset1">
                        <data auto_broadcast="numpy" />
                        <input>
                            <port id="0" precision="FP32"><dim>2</dim><dim>3</dim></port>
                            <port id="1" precision="FP32"><dim>3</dim></port>
                        </input>
                        <output><port id="2" precision="FP32" names="sum"><dim>2</dim><dim>3</dim></port></output>
                    </layer>
                    <layer id="3" name="out" type="Result" version="opset1">
                        <input><port id="0" precision="FP32"><dim>2</dim><dim>3</dim></port></input>
                    </layer>
                </layers>
                <edges>
                    <edge from-layer="0" from-port="0" to-layer="2" to-port="0" />
                    <edge from-layer="1" from-port="0" to-layer="2" to-port="1" />
                    <edge from-layer="2" from-port="2" to-layer="3" to-port="0" />
                </edges>
                <rt_info />
            </net>
            """;

    /** {@code state = x + (the state before)}, by the layer's name a loop over the rows of {@code x}. */
    static final String LOOP = """
            <?xml version="1.0"?>
            <net name="loop" version="11">
                <layers>
                    <layer id="7" name="x" type="Parameter" version="opset1">
                        <data shape="4,3" element_type="f32" />
                        <output><port id="0" precision="FP32"><dim>4</dim><dim>3</dim></port></output>
                    </layer>
                    <layer id="8" name="start" type="Const" version="opset1">
                        <data element_type="f32" shape="1,3" offset="0" size="12" />
                        <output><port id="5" precision="FP32"><dim>1</dim><dim>3</dim></port></output>
                    </layer>
                    <layer id="9" name="rows" type="TensorIterator" version="opset1">
                        <input>
                            <port id="10" precision="FP32"><dim>4</dim><dim>3</dim></port>
                            <port id="20" precision="FP32"><dim>1</dim><dim>3</dim></port>
                        </input>
                        <output><port id="30" precision="FP32"><dim>1</dim><dim>3</dim></port></output>
                        <port_map>
                            <input axis="0" external_port_id="10" internal_layer_id="4" start="0" end="-1" stride="1" part_size="1" />
                            <input external_port_id="20" internal_layer_id="5" />
                            <output external_port_id="30" internal_layer_id="9" />
                        </port_map>
                        <back_edges><edge from-layer="9" to-layer="5" /></back_edges>
                        <body>
                            <layers>
                                <layer id="4" name="row" type="Parameter" version="opset1">
                                    <data shape="1,3" element_type="f32" />
                                    <output><port id="0" precision="FP32"><dim>1</dim><dim>3</dim></port></output>
                                </layer>
                                <layer id="5" name="before" type="Parameter" version="opset1">
                                    <data shape="1,3" element_type="f32" />
                                    <output><port id="0" precision="FP32"><dim>1</dim><dim>3</dim></port></output>
                                </layer>
                                <layer id="6" name="bias" type="Const" version="opset1">
                                    <data element_type="f32" shape="1,3" offset="12" size="12" />
                                    <output><port id="0" precision="FP32"><dim>1</dim><dim>3</dim></port></output>
                                </layer>
                                <layer id="7" name="biased" type="Add" version="opset1">
                                    <input>
                                        <port id="0" precision="FP32"><dim>1</dim><dim>3</dim></port>
                                        <port id="1" precision="FP32"><dim>1</dim><dim>3</dim></port>
                                    </input>
                                    <output><port id="2" precision="FP32"><dim>1</dim><dim>3</dim></port></output>
                                </layer>
                                <layer id="8" name="after" type="Add" version="opset1">
                                    <input>
                                        <port id="0" precision="FP32"><dim>1</dim><dim>3</dim></port>
                                        <port id="1" precision="FP32"><dim>1</dim><dim>3</dim></port>
                                    </input>
                                    <output><port id="2" precision="FP32"><dim>1</dim><dim>3</dim></port></output>
                                </layer>
                                <layer id="9" name="end" type="Result" version="opset1">
                                    <input><port id="0" precision="FP32"><dim>1</dim><dim>3</dim></port></input>
                                </layer>
                            </layers>
                            <edges>
                                <edge from-layer="4" from-port="0" to-layer="7" to-port="0" />
                                <edge from-layer="6" from-port="0" to-layer="7" to-port="1" />
                                <edge from-layer="7" from-port="2" to-layer="8" to-port="0" />
                                <edge from-layer="5" from-port="0" to-layer="8" to-port="1" />
                                <edge from-layer="8" from-port="2" to-layer="9" to-port="0" />
                            </edges>
                            <rt_info />
                        </body>
                    </layer>
                    <layer id="1" name="out" type="Result" version="opset1">
                        <input><port id="0" precision="FP32"><dim>1</dim><dim>3</dim></port></input>
                    </layer>
                </layers>
                <edges>
                    <edge from-layer="7" from-port="0" to-layer="9" to-port="10" />
                    <edge from-layer="8" from-port="5" to-layer="9" to-port="20" />
                    <edge from-layer="9" from-port="30" to-layer="1" to-port="0" />
                </edges>
                <rt_info />
            </net>
            """;

    private TinyIr() {}

    /** Reads {@code xml} with weights 0, 1, 2, … in the given number of bytes; messages call it {@code tiny.xml}. */
    static Model read(String xml, int weightBytes) {
        byte[] weights = new byte[weightBytes];
        for (int i = 0; i < weightBytes; i++) {
            weights[i] = (byte) i;
        }
        return read(xml, weights);
    }

    static Model read(String xml, byte[] weights) {
        return IrReader.read(
                new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)),
                MemorySegment.ofArray(weights),
                "tiny.xml");
    }

    static Node node(Model model, String name) {
        return model.topologicalOrder().stream()
                .filter(n -> n.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no layer " + name));
    }

    /** {@link #SUM} with one change; fails if there is nothing to change. */
    static String sumWith(String from, String to) {
        return changed(SUM, from, to);
    }

    static String changed(String xml, String from, String to) {
        if (!xml.contains(from)) {
            throw new AssertionError("not in the text: " + from);
        }
        return xml.replace(from, to);
    }
}
