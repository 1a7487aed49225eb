package dev.decanter.ir;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Data that lies in memory or a mapped file. Equal to itself only, as all data is. */
final class MemoryData implements ConstantData {
    private final MemorySegment view;
    private final Optional<Origin> origin;

    MemoryData(MemorySegment view, Optional<Origin> origin) {
        this.view = view;
        this.origin = origin;
    }

    @Override
    public long byteSize() {
        return view.byteSize();
    }

    @Override
    public void read(long offset, MemorySegment target) {
        MemorySegment.copy(view, offset, target, 0, target.byteSize());
    }

    @Override
    public boolean isInMemory() {
        return true;
    }

    @Override
    public MemorySegment segment() {
        return view;
    }

    @Override
    public Optional<Origin> origin() {
        return origin;
    }
}
