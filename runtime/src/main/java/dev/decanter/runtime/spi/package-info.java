/** What a device or an extension with further operations implements. */
package dev.decanter.runtime.spi;
