/** The REFERENCE device: every operation as plain loops that can be checked against its specification by eye. */
@NullMarked
package dev.decanter.runtime.reference;

import org.jspecify.annotations.NullMarked;
