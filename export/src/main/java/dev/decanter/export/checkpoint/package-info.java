/** What a checkpoint looks like on disk: safetensors files, their index, and config.json. */
@NullMarked
package dev.decanter.export.checkpoint;

import org.jspecify.annotations.NullMarked;
