package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code openvino_config.json}: how a folder's weights were compressed, as Optimum-Intel leaves it beside the model. */
final class OpenvinoConfig {
    static final String FILE = "openvino_config.json";

    private OpenvinoConfig() {}

    /** Writes the file, with our own version where Optimum has its. */
    static void write(Path folder, String dtype, ObjectNode quantization) {
        ObjectNode json = BaseCommand.JSON.createObjectNode();
        json.put("decanter_version", Version.current()).put("dtype", dtype).putNull("input_info");
        json.set("quantization_config", quantization);
        json.put("save_onnx_model", false);
        try {
            Files.writeString(folder.resolve(FILE), json.toPrettyString() + "\n");
        } catch (IOException e) {
            throw new CommandFailure(folder.resolve(FILE) + ": cannot be written: " + DecanterException.reason(e), e);
        }
    }
}
