package dev.decanter.compress.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files beside this test's class name were written with NumPy 1.24 and Pillow 9.4. */
class CalibrationFilesTest {
    @TempDir
    Path folder;

    @Test
    void readsArraysOfEachTypeAndVersion() {
        NumpyFile half = NumpyFile.open(resource("half.npy"));
        assertThat(half.type()).isEqualTo(ElementType.F16);
        assertThat(half.tensor(ElementType.F32).toFloats()).containsExactly(0.5f, -2, 65504);
        NumpyFile second = NumpyFile.open(resource("version2.npy"));
        assertThat(second.shape()).isEqualTo(Shape.of(2, 3));
        assertThat(second.tensor(ElementType.I64).toLongs()).containsExactly(0, 1, 2, 3, 4, 5);
        assertThat(second.tensor(ElementType.I32).toLongs()).containsExactly(0, 1, 2, 3, 4, 5);
        assertThat(NumpyFile.open(resource("ids.npy")).tensor(ElementType.I32).toLongs())
                .containsExactly(0, 1, 2, 3);
        assertThatThrownBy(() -> half.tensor(ElementType.I64))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("holds f16, but the input takes i64");
    }

    @Test
    void refusesArraysThatAreNot() throws IOException {
        refused(resource("fortran.npy"), "Fortran order");
        refused(resource("big-endian.npy"), ">f4");
        refused(write("empty.npy", new byte[0]), "is no .npy file");
        refused(write("text.npy", "hello, this is text".getBytes(StandardCharsets.UTF_8)), "is no .npy file");
        byte[] good = Files.readAllBytes(resource("ids.npy"));
        byte[] version = good.clone();
        version[6] = 9;
        refused(write("version.npy", version), "version 9");
        byte[] longHeader = good.clone();
        longHeader[8] = (byte) 0xff;
        longHeader[9] = (byte) 0xff;
        refused(write("header.npy", longHeader), "header is 65535 bytes long");
        refused(write("cut.npy", Arrays.copyOf(good, good.length - 1)), "has 31 bytes of data");
        refused(write("more.npy", Arrays.copyOf(good, good.length + 1)), "has 33 bytes of data");
    }

    @Test
    void refusesShapesBeforeTheyAreAllocated() throws IOException {
        refused(array("'<f4'", "(999999999999, 999999999999)"), "is larger than 2048 MB");
        refused(array("'<f4'", "(99999999999999,)"), "has the shape");
        refused(array("'<f4'", "(2000000000,)"), "is larger than 2048 MB");
        refused(array("'<f4'", "(1000000,)"), "needs 4000000");
        refused(array("'<f4'", "(-1,)"), "not NumPy's");
        refused(array("'O'", "(1,)"), "holds O");
        refused(array("'<f4'", "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)"), "18 dimensions");
    }

    private Path array(String type, String shape) throws IOException {
        String header = "{'descr': " + type + ", 'fortran_order': False, 'shape': " + shape + ", }\n";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) header.length(), 0});
        out.write(header.getBytes(StandardCharsets.US_ASCII));
        return write("made.npy", out.toByteArray());
    }

    private static void refused(Path file, String why) {
        assertThatThrownBy(() -> NumpyFile.open(file))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(why);
    }

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(folder.resolve(name), bytes);
    }

    @Test
    void foldersOfArraysHaveThreeLayouts() throws IOException {
        Model model = model(Map.of("ids", ElementType.I64, "mask", ElementType.I64), PartialShape.parse("?,?"));
        for (String layout : List.of("%2$s/%1$s.npy", "%1$s/%2$s.npy", "%1$s.%2$s.npy")) {
            Path root = Files.createTempDirectory(folder, "layout");
            for (String sample : List.of("a", "b")) {
                for (String input : List.of("ids", "mask")) {
                    Path file = root.resolve(String.format(layout, sample, input));
                    Files.createDirectories(Objects.requireNonNull(file.getParent()));
                    Files.copy(resource(input.equals("ids") ? "ids.npy" : "version2.npy"), file);
                }
            }
            CalibrationDataset dataset = CalibrationDataset.numpy(root, model);
            assertThat(dataset.size()).isEqualTo(2);
            Map<String, Tensor> sample = dataset.sample(1);
            assertThat(sample.keySet()).containsExactlyInAnyOrder("ids", "mask");
            assertThat(sample.get("mask").shape()).isEqualTo(Shape.of(2, 3));
        }
    }

    @Test
    void refusesFoldersThatLackAnInput() throws IOException {
        Model model = model(Map.of("ids", ElementType.I64, "mask", ElementType.I64), PartialShape.parse("?,4"));
        assertThatThrownBy(() -> CalibrationDataset.numpy(folder, model)).hasMessageContaining("has no .npy file");
        Files.copy(resource("ids.npy"), folder.resolve("1.ids.npy"));
        assertThatThrownBy(() -> CalibrationDataset.numpy(folder, model))
                .hasMessageContaining("sample \"1.\" has arrays for [ids]");
        Files.copy(resource("version2.npy"), folder.resolve("1.mask.npy"));
        assertThatThrownBy(() -> CalibrationDataset.numpy(folder, model).sample(0))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("has shape [2, 3], but the input takes [?,4]");
        Files.copy(resource("ids.npy"), folder.resolve("1.other.npy"));
        assertThatThrownBy(() -> CalibrationDataset.numpy(folder, model))
                .hasMessageContaining("names none of the inputs");
    }

    @Test
    void resizesAsPillow() throws IOException {
        for (String line : Files.readAllLines(resource("resized.txt"))) {
            if (line.startsWith("#")) {
                continue;
            }
            String[] parts = line.split(" ", -1);
            int width = Integer.parseInt(parts[2]);
            int height = Integer.parseInt(parts[3]);
            Resampling filter = Resampling.numbered(Integer.parseInt(parts[1])).orElseThrow();
            Pixels out = filter.resize(ImageFile.read(resource(parts[0] + ".png")), width, height);
            byte[] expected = HexFormat.of().parseHex(parts[4]);
            for (int i = 0; i < expected.length; i++) {
                int pixel = i / Pixels.CHANNELS;
                assertThat(out.get(pixel % width, pixel / width, i % Pixels.CHANNELS))
                        .as("%s %s, value %d", parts[0], filter, i)
                        .isEqualTo(expected[i] & 0xff);
            }
        }
    }

    @Test
    void imagesBecomeInputsAsTheConfigurationSays() throws IOException {
        Path images = Files.createDirectory(folder.resolve("images"));
        Files.copy(resource("rgb.png"), images.resolve("rgb.png"));
        Files.copy(resource("preprocessor_config.json"), folder.resolve("preprocessor_config.json"));
        Model first = model(Map.of("pixel_values", ElementType.F32), PartialShape.parse("?,3,?,?"));
        Tensor tensor =
                CalibrationDataset.images(images, folder, first).sample(0).get("pixel_values");
        NumpyFile expected = NumpyFile.open(resource("clip-expected.npy"));
        assertThat(tensor.shape()).isEqualTo(expected.shape());
        float[] values = expected.tensor(ElementType.F32).toFloats();
        assertThat(tensor.toFloats()).containsExactly(values, offset(1e-6f));

        Model last = model(Map.of("pixel_values", ElementType.F32), PartialShape.parse("?,?,?,3"));
        Tensor turned =
                CalibrationDataset.images(images, folder, last).sample(0).get("pixel_values");
        assertThat(turned.shape()).isEqualTo(Shape.of(1, 10, 10, 3));
        assertThat(turned.toFloats()[5]).isCloseTo(values[201], offset(1e-6f));
    }

    @Test
    void refusesImagesThatAreNone() throws IOException {
        Files.copy(resource("preprocessor_config.json"), folder.resolve("preprocessor_config.json"));
        Path bomb = write("bomb.png", png(100_000, 100_000));
        assertThatThrownBy(() -> ImageFile.read(bomb))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("100000 × 100000 pixels");
        Path text = write("text.png", "no image".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> ImageFile.read(text)).hasMessageContaining("neither PNG nor JPEG");
        byte[] whole = Files.readAllBytes(resource("rgb.png"));
        for (int length : new int[] {20, 60, whole.length / 2}) {
            Path cut = write("cut.png", Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> ImageFile.read(cut)).isInstanceOf(CompressionException.class);
        }
        Model small = model(Map.of("pixel_values", ElementType.F32), PartialShape.parse("1,3,8,8"));
        Path images = Files.createDirectory(folder.resolve("images"));
        assertThatThrownBy(() -> CalibrationDataset.images(images, folder, small))
                .hasMessageContaining("has no image");
        Files.copy(resource("rgb.png"), images.resolve("rgb.png"));
        assertThatThrownBy(
                        () -> CalibrationDataset.images(images, folder, small).sample(0))
                .hasMessageContaining("becomes a tensor of shape [1, 3, 10, 10], but the input takes [1,3,8,8]");
        assertThatThrownBy(() -> CalibrationDataset.images(images, images, small))
                .hasMessageContaining("preprocessor_config.json");
        Model two = model(Map.of("a", ElementType.F32, "b", ElementType.F32), PartialShape.parse("1,3,8,8"));
        assertThatThrownBy(() -> CalibrationDataset.images(images, folder, two)).hasMessageContaining("has 2 inputs");
    }

    /** A PNG whose header claims a size, with hardly any data. */
    private static byte[] png(int width, int height) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(header);
        data.writeInt(width);
        data.writeInt(height);
        data.write(new byte[] {8, 2, 0, 0, 0});
        chunk(out, "IHDR", header.toByteArray());
        ByteArrayOutputStream rows = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(rows)) {
            deflater.write(new byte[1 << 20]);
        }
        chunk(out, "IDAT", rows.toByteArray());
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] bytes) throws IOException {
        DataOutputStream data = new DataOutputStream(out);
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(bytes);
        data.writeInt(bytes.length);
        data.write(name);
        data.write(bytes);
        data.writeInt((int) crc.getValue());
    }

    private static Model model(Map<String, ElementType> inputs, PartialShape shape) {
        List<Node> parameters = new ArrayList<>();
        inputs.keySet().stream().sorted().forEach(name -> {
            Node parameter = Node.of(new Op.Parameter(Objects.requireNonNull(inputs.get(name)), shape), name);
            parameter.output().named(name);
            parameters.add(parameter);
        });
        Node result = Node.of(new Op.Result(), "Result", parameters.getFirst().output());
        return new Model("model", parameters, List.of(result), List.of());
    }

    private static Path resource(String name) {
        try {
            return Path.of(Objects.requireNonNull(CalibrationFilesTest.class.getResource(name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
