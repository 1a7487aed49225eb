/** How much a changed model differs from the one that it was made of. */
@NullMarked
package dev.decanter.compress.comparison;

import org.jspecify.annotations.NullMarked;
