package dev.decanter.export;

import dev.decanter.ir.Model;
import java.nio.file.Path;

/**
 * Changes a model after it was built and before it is written, such as by compressing its weights: one pass, without the
 * uncompressed model on disk.
 */
public interface ModelTransform {
    /** How weights are stored afterwards, as {@code --weight-format} spells it, for example {@code int4}. */
    String weightFormat();

    /**
     * Changes {@code model} in place. Its constants read the checkpoint when they are asked to, in the precision that it
     * has, and those that the transform puts in their place may compute when they are written: memory need not grow with the model.
     *
     * @param model to be changed, {@link Model#rtInfo() rt_info} included
     * @param folder the unfinished output, which has the configuration and the tokenizer; files may be added
     */
    void apply(Model model, Path folder);
}
