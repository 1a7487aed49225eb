package dev.decanter.cpu.compile;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.op.Op;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A published model of which only the XML is at hand: small constants (axes, shapes, exponents) from
 * {@code testdata/recovered}, weights made of noise of a likely size.
 */
final class RealModel {
    private static final Pattern CONSTANT = Pattern.compile("offset=\"(\\d+)\" size=\"(\\d+)\"");
    private static final int SMALL = 16;

    private final MemorySegment noise;

    private RealModel() {
        byte[] bytes = new byte[1 << 22];
        new Random(11).nextBytes(bytes);
        noise = MemorySegment.ofArray(bytes);
    }

    /** The folder of files from elsewhere, if it is there. */
    static Optional<Path> folder() {
        String named = System.getProperty("decanter.shared", System.getenv("DECANTER_SHARED"));
        Stream<Path> places = named != null
                ? Stream.of(Path.of(named))
                : Stream.of(Path.of("../shared"), Path.of("../../shared"), Path.of("../../../shared"));
        return places.map(p -> p.resolve("real")).filter(Files::isDirectory).findFirst();
    }

    static Model read(String name, Path temporary) throws IOException {
        return read(name, "openvino_model.xml", name, temporary);
    }

    /** Reads {@code folder/file} with the small constants of {@code testdata/recovered/constants.constants}. */
    static Model read(String folder, String file, String constants, Path temporary) throws IOException {
        Path xml = folder().orElseThrow().resolve(folder).resolve(file);
        Path bin = temporary.resolve(constants + ".bin");
        writeSmallConstants(constants, xml, bin);
        Model model = IrReader.read(xml, bin);
        new RealModel().fill(model);
        return model;
    }

    /** A file as large as the XML needs, sparse. */
    private static void writeSmallConstants(String name, Path xml, Path bin) throws IOException {
        Matcher constants = CONSTANT.matcher(Files.readString(xml));
        long end = 0;
        while (constants.find()) {
            end = Math.max(end, Long.parseLong(constants.group(1)) + Long.parseLong(constants.group(2)));
        }
        try (FileChannel out = FileChannel.open(bin, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            out.write(ByteBuffer.allocate(1), end - 1);
            for (String line : Files.readAllLines(Path.of("../testdata/recovered", name + ".constants"))) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    List<String> parts = List.of(line.split(" ", -1));
                    ByteBuffer bytes = ByteBuffer.allocate(8 * parts.size()).order(ByteOrder.LITTLE_ENDIAN);
                    for (String value : parts.subList(2, parts.size())) {
                        switch (parts.get(1)) {
                            case "i64" -> bytes.putLong(Long.parseLong(value));
                            case "i32" -> bytes.putInt(Integer.parseInt(value));
                            case "boolean" -> bytes.put(Byte.parseByte(value));
                            case "f32" -> bytes.putFloat(Float.parseFloat(value));
                            default -> throw new IllegalArgumentException(line);
                        }
                    }
                    out.write(bytes.flip(), Long.parseLong(parts.get(0)));
                }
            }
        }
    }

    private void fill(Model model) {
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof Op.Constant constant && constant.shape().elements() > SMALL) {
                ConstantData data = data(constant);
                Op filled = new Op.Constant(constant.elementType(), constant.shape(), data);
                node.output().replaceWith(Node.of(filled, node.name()).output());
            }
        }
    }

    private ConstantData data(Op.Constant constant) {
        Shape shape = constant.shape();
        return switch (constant.elementType()) {
            case U8, I8, U4, I4 -> new Bytes(constant.elementType().byteSize(shape.elements()));
            // scales: such that weights come out at a few hundredths
            case F16 -> halves(shape, shape.rank() == 3 ? 0.004f : 0.0003f);
            case F32 -> {
                boolean matrix = shape.rank() == 2 && shape.dim(0) > 1;
                boolean scales = matrix && shape.dim(1) == 1;
                yield scales
                        ? floats(shape, 0.0004f, 0.0002f)
                        : matrix ? floats(shape, 0, 0.02f) : floats(shape, 0.5f, 0.3f);
            }
            case BOOLEAN -> triangle(shape);
            default -> constant.data();
        };
    }

    /** Random bytes without memory of their own. */
    private final class Bytes implements ConstantData {
        private final long size;

        Bytes(long size) {
            this.size = size;
        }

        @Override
        public long byteSize() {
            return size;
        }

        @Override
        public void read(long offset, MemorySegment target) {
            for (long at = 0; at < target.byteSize(); ) {
                long from = (offset + at) % noise.byteSize();
                long n = Math.min(noise.byteSize() - from, target.byteSize() - at);
                MemorySegment.copy(noise, from, target, at, n);
                at += n;
            }
        }
    }

    private static ConstantData halves(Shape shape, float size) {
        Random random = new Random(5);
        MemorySegment memory = Arena.ofAuto().allocate(2 * shape.elements(), 64);
        for (long i = 0; i < shape.elements(); i++) {
            memory.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(size * (0.5f + random.nextFloat())));
        }
        return ConstantData.of(memory);
    }

    private static ConstantData floats(Shape shape, float middle, float spread) {
        Random random = new Random(6);
        MemorySegment memory = Arena.ofAuto().allocate(4 * shape.elements(), 64);
        for (long i = 0; i < shape.elements(); i++) {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, middle + spread * (2 * random.nextFloat() - 1));
        }
        return ConstantData.of(memory);
    }

    /** GPT-2's causal mask: row i sees columns up to i. */
    private static ConstantData triangle(Shape shape) {
        long size = shape.dim(-1);
        MemorySegment memory = Arena.ofAuto().allocate(shape.elements());
        for (long i = 0; i < size; i++) {
            memory.asSlice(i * size, i + 1).fill((byte) 1);
        }
        return ConstantData.of(memory);
    }

    /** The model up to the end of its first {@code layers} layers, whose hidden state is the only output. */
    static Model firstLayers(Model model, String lastLayer, int layers) {
        Node last = model.topologicalOrder().stream()
                .filter(n -> n.name().equals(lastLayer))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(lastLayer));
        List<Node> sinks = new ArrayList<>();
        for (Node sink : model.sinks()) {
            String id = ((Op.Assign) sink.op()).variableId();
            int layer = Integer.parseInt(id.split("\\.", -1)[1]);
            if (layer < layers) {
                sinks.add(sink);
            }
        }
        Node result = Node.of(new Op.Result(), "hidden", last.output());
        return new Model(model.name(), model.parameters(), List.of(result), sinks);
    }
}
