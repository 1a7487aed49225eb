package dev.decanter.safetensors;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("model.safetensors");
    }

    @Test
    void tensorsAreFoundWithTypeShapeAndBytes() {
        new SafetensorsWriter()
                .f32("a", new float[] {1, 2, 3, 4, 5, 6}, 2, 3)
                .f16("b", new float[] {7}, 1)
                .add("empty", "I64", new byte[0], 0, 4)
                .add("scalar", "F64", new byte[8])
                .write(file);
        try (Safetensors open = Safetensors.open(file)) {
            assertThat(open.tensors()).containsOnlyKeys("a", "b", "empty", "scalar");
            CheckpointTensor a = requireNonNull(open.tensors().get("a"));
            assertThat(a.elementType()).isEqualTo(ElementType.F32);
            assertThat(a.shape()).isEqualTo(Shape.of(2, 3));
            assertThat(a.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 20)).isEqualTo(6f);
            assertThat(requireNonNull(open.tensors().get("scalar")).shape()).isEqualTo(Shape.SCALAR);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            []                                                                      | not a JSON object
            {"a":3}                                                                 | tensor "a" is not described
            {"a":{"dtype":"F32","shape":[1]}}                                       | needs dtype, shape and two data_offsets
            {"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}                   | unknown type "Q4"
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}                  | does not fit its data_offsets
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}                  | does not fit its data_offsets
            {"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}                 | shape holds "-1"
            {"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}                | shape holds "1.5"
            {"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}} | shape holds
            {"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}} | overflow
            {"a":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}                  | shape is not a list
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}            | unknown key "x"
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}                | needs dtype, shape and two data_offsets
            {"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}                 | the file is cut short
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}                  | leaves a hole of 4 bytes
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}                  | 4 bytes after the last tensor
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} | tensor "b" overlaps
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} | Duplicate field 'a'
            {"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}}    | Duplicate field 'dtype'
            {"a":                                                                   | Unexpected end-of-input
            {} {}                                                                   | something after its JSON object
            """)
    void brokenHeadersAreRefused(String header, String message) throws IOException {
        raw(header, new byte[8]);
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource({"-1", "9223372036854775807", "100000001", "17", "0"})
    void headerLengthsThatDoNotFitAreRefusedBeforeAnyAllocation(long length) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
        Files.write(file, bytes.array());
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("does not fit a file of 24 bytes");
    }

    @Test
    void aFileShorterThanItsLengthFieldIsRefused() throws IOException {
        Files.write(file, new byte[3]);
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("3 bytes are too few");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageStartingWith(file + ": cannot be read");
    }

    private void raw(String header, byte[] data) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer all =
                ByteBuffer.allocate(Long.BYTES + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(file, all.putLong(text.length).put(text).put(data).array());
    }
}
