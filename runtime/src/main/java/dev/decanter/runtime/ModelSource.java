package dev.decanter.runtime;

import dev.decanter.ir.Model;
import dev.decanter.ir.file.IrReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * A model that is read only if a device has not kept what it made of it before: reading a large graph takes longer than
 * mapping what was made of it.
 *
 * @param files whose content, with the recipe, decides what {@code load} gives; empty where that cannot be said
 * @param recipe what {@code load} does with the files, in words that change whenever its result would
 * @param load reads the model and changes it as the recipe says; called at most once, and only if it has to be
 */
public record ModelSource(List<Path> files, String recipe, Supplier<Model> load) {
    /** {@code files} is copied. */
    public ModelSource {
        files = List.copyOf(files);
        Objects.requireNonNull(recipe);
        Objects.requireNonNull(load);
    }

    /** Returns a model that is in memory, about which nothing is kept. */
    public static ModelSource of(Model model) {
        return new ModelSource(List.of(), "", () -> model);
    }

    /**
     * Returns an IR model and the BIN beside it.
     *
     * @param recipe what {@code change} does; see the class
     * @param change makes the model to be compiled of the one that was read; may be the same object
     */
    public static ModelSource of(Path xml, String recipe, java.util.function.UnaryOperator<Model> change) {
        return new ModelSource(List.of(xml, IrReader.weightsPath(xml)), recipe, () -> change.apply(IrReader.read(xml)));
    }
}
