/** Jinja templates of models, by jinjava, made to do what Transformers' Jinja does. */
@NullMarked
package dev.decanter.genai.template;

import org.jspecify.annotations.NullMarked;
