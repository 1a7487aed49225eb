package dev.decanter.runtime.spi;

import dev.decanter.ir.Model;

/**
 * What a device made of a {@link dev.decanter.runtime.ModelSource}.
 *
 * @param model has the source's name, inputs, outputs and {@code rt_info}; what lies between them is of no account
 * @param executable runs it
 */
public record Compiled(Model model, Executable executable) {}
