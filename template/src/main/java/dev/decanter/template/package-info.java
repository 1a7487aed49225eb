/**
 * Jinja as Transformers sets it up for chat templates: lexer, parser and interpreter. There is no way from here to Java's
 * classes or to files, since a template comes with a model from anywhere; steps, output and nesting are limited.
 */
@NullMarked
package dev.decanter.template;

import org.jspecify.annotations.NullMarked;
