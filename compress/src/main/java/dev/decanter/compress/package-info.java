/** Weight compression as NNCF does it, and post-training quantization: a model goes in and is changed in place. */
@NullMarked
package dev.decanter.compress;

import org.jspecify.annotations.NullMarked;
