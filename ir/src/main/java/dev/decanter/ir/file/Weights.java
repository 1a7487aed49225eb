package dev.decanter.ir.file;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ConstantData.Origin;
import dev.decanter.ir.IrException;
import dev.decanter.ir.SourceFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Where a reader finds the bytes of constants. Constants of one region share one {@link ConstantData}. */
abstract class Weights {
    private record Region(long offset, long size) {}

    private final Map<Region, ConstantData> regions = new HashMap<>();

    /** The bytes from {@code offset} on; throws {@link IrException} if they are not all there. */
    final ConstantData slice(long offset, long size) {
        if (offset < 0 || size < 0 || offset > Long.MAX_VALUE - size) {
            throw new IrException("offset " + offset + " and size " + size + " of its data are out of range");
        }
        return regions.computeIfAbsent(new Region(offset, size), _ -> make(offset, size));
    }

    abstract ConstantData make(long offset, long size);

    /** Whether constants can be read, so that shapes may be inferred from their values. */
    boolean readable() {
        return true;
    }

    /** The file {@code bin} mapped into memory, or nothing at all if it does not exist. */
    static Weights of(Path bin) {
        if (!Files.exists(bin)) {
            return new Weights() {
                @Override
                ConstantData make(long offset, long size) {
                    if (size == 0) {
                        return ConstantData.of(MemorySegment.NULL);
                    }
                    throw new IrException("its data are in " + bin + ", which does not exist");
                }
            };
        }
        try (FileChannel channel = FileChannel.open(bin, StandardOpenOption.READ)) {
            SourceFile before = SourceFile.of(bin);
            long size = channel.size();
            MemorySegment mapped = size == 0
                    ? MemorySegment.NULL
                    : channel.map(FileChannel.MapMode.READ_ONLY, 0, size, Arena.ofAuto());
            // the file that was opened is the one that the path leads to, if that has not changed
            SourceFile file = before.isUnchanged() ? before : new SourceFile(bin, Optional.empty());
            return of(mapped, bin.toString(), (part, offset) -> ConstantData.of(part, new Origin(file, offset)));
        } catch (IOException e) {
            throw new IrException("the weights " + bin + " cannot be read: " + e.getMessage(), e);
        }
    }

    static Weights of(MemorySegment memory, String file) {
        return of(memory, file, (part, offset) -> ConstantData.of(part));
    }

    private interface Maker {
        ConstantData make(MemorySegment part, long offset);
    }

    private static Weights of(MemorySegment memory, String file, Maker maker) {
        return new Weights() {
            @Override
            ConstantData make(long offset, long size) {
                if (offset + size > memory.byteSize()) {
                    throw new IrException("its data, " + size + " bytes from " + offset + " on, reach outside " + file
                            + ", which has " + memory.byteSize() + " bytes");
                }
                return maker.make(memory.asSlice(offset, size), offset);
            }
        };
    }

    /** Weights that are not there: sizes are known, reading them is an error. */
    static Weights absent(String xml) {
        return new Weights() {
            @Override
            ConstantData make(long offset, long size) {
                return new ConstantData() {
                    @Override
                    public long byteSize() {
                        return size;
                    }

                    @Override
                    public void read(long from, MemorySegment target) {
                        throw new IrException(xml + ": the topology was read without weights, and a constant of " + size
                                + " bytes at offset " + offset + " is needed; read the model with its BIN file");
                    }
                };
            }

            @Override
            boolean readable() {
                return false;
            }
        };
    }
}
