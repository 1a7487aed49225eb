/**
 * What running a model means: tensors, compiled models, requests and their states, and the devices that do the work.
 */
@NullMarked
package dev.decanter.runtime;

import org.jspecify.annotations.NullMarked;
