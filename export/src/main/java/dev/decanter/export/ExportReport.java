package dev.decanter.export;

import java.nio.file.Path;
import java.util.List;

/**
 * What an export wrote.
 *
 * @param folder the output folder
 * @param modelType the checkpoint's {@code model_type}
 * @param parameters number of weights in the checkpoint
 * @param weightFormat how matrices are stored, as {@code --weight-format} spells it
 * @param files names of the written files, sorted
 */
public record ExportReport(Path folder, String modelType, long parameters, String weightFormat, List<String> files) {
    public ExportReport {
        files = List.copyOf(files);
    }
}
