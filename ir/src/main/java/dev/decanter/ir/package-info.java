/**
 * The model as a graph in the OpenVINO intermediate representation, and the base of every exception of Decanter.
 */
@NullMarked
package dev.decanter.ir;

import org.jspecify.annotations.NullMarked;
