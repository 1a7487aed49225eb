/**
 * The compile cache: what a compile has re-laid, kept in a file and read back by the next compile of the same model.
 *
 * <p><b>What is trusted.</b> A file is taken if its key fits: the graph, the options, the CPU's features and this program's own code. The
 * content of the model's files is compared too. Where the file system says that they have not changed since they were last
 * compared, that is believed, else every byte is digested. Nothing is believed of the cache file itself: header and each
 * block carry checksums, a region with a damaged block is made again and the file is written anew.
 *
 * <p><b>What can go wrong</b> with the folder costs a logged line and never a compile. Files are written beside and moved into
 * place, so that any number of processes may share a folder. Whoever can write to the folder can change what models compute.
 */
@NullMarked
package dev.decanter.cpu.cache;

import org.jspecify.annotations.NullMarked;
