/**
 * The {@code decanter} command: argument parsing and printing, nothing that a library user would miss.
 */
@NullMarked
package dev.decanter.cli;

import org.jspecify.annotations.NullMarked;
