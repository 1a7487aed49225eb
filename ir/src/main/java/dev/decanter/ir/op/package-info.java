/** The operations of the IR: a sealed family of records. */
package dev.decanter.ir.op;
