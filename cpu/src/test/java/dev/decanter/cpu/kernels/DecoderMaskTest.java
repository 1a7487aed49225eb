package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Limits and numbers, held to the definition and to what is read off the numbers. */
class DecoderMaskTest {
    /** What a case is made of; chosen by a seed, since most combinations are alike. */
    private record Case(
            int batch,
            int queries,
            int keys,
            long from,
            long until,
            float hidden,
            List<Long> padding,
            long first,
            long length) {
        static Case of(Random random, int batch, int queries, int keys) {
            long first = random.nextInt(3);
            long length = keys + first + random.nextInt(4) - 1;
            List<Long> padding = new ArrayList<>();
            int kind = random.nextInt(5);
            for (int i = 0; i < batch * length; i++) {
                long at = i % length;
                int edge = random.nextInt(keys + 1);
                padding.add(
                        switch (kind) {
                            case 0 -> 1L;
                            case 1 -> at < edge ? 0L : 1L;
                            case 2 -> at < edge ? 7L : 0L;
                            case 3 -> random.nextInt(5) == 0 ? 0L : -1L;
                            default -> 0L;
                        });
            }
            boolean window = random.nextBoolean();
            long past = random.nextInt(keys + 1);
            return new Case(
                    batch,
                    queries,
                    keys,
                    window ? past - random.nextInt(5) : -queries,
                    past + 1,
                    random.nextBoolean() ? -65504 : random.nextBoolean() ? -Float.MAX_VALUE : Float.NEGATIVE_INFINITY,
                    padding,
                    first,
                    length);
        }

        boolean sees(int row, int query, int key) {
            long at = row * length + first + key;
            boolean padded = at >= padding.size() || padding.get((int) at) == 0;
            return !padded && key >= query + from && key < query + until;
        }
    }

    @Property(tries = 300)
    void isWhatTheDefinitionSays(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 3) int batch,
            @ForAll @IntRange(min = 1, max = 9) int queries,
            @ForAll @IntRange(min = 1, max = 40) int keys,
            @ForAll boolean wide) {
        Case c = Case.of(new Random(seed), batch, queries, keys);
        try (Arena arena = Arena.ofConfined();
                ThreadTeam team = new ThreadTeam(2)) {
            MemorySegment padding = padding(arena, c, wide);
            DecoderMask mask =
                    new DecoderMask(batch, queries, keys, c.from, c.until, c.hidden, padding, wide, c.first, c.length);
            MemorySegment numbers = arena.allocate((long) batch * queries * keys * Float.BYTES, 64);
            mask.write(team, numbers);
            for (int b = 0; b < batch; b++) {
                for (int i = 0; i < queries; i++) {
                    for (int k = 0; k < keys; k++) {
                        float number = numbers.getAtIndex(ValueLayout.JAVA_FLOAT, ((long) b * queries + i) * keys + k);
                        assertThat(number).isEqualTo(c.sees(b, i, k) ? 0 : c.hidden);
                    }
                }
            }
            sameAsRead(team, c, mask.seen(), numbers);
        }
    }

    private static MemorySegment padding(Arena arena, Case c, boolean wide) {
        MemorySegment memory = arena.allocate(c.padding.size() * (wide ? 8L : 4L) + 8, 8);
        for (int i = 0; i < c.padding.size(); i++) {
            if (wide) {
                memory.setAtIndex(ValueLayout.JAVA_LONG, i, c.padding.get(i));
            } else {
                memory.setAtIndex(ValueLayout.JAVA_INT, i, c.padding.get(i).intValue());
            }
        }
        return memory.asSlice(0, c.padding.size() * (wide ? 8L : 4L));
    }

    private static void sameAsRead(ThreadTeam team, Case c, Visibility seen, MemorySegment numbers) {
        Attention.Sizes z = new Attention.Sizes(c.batch, 2, 1, c.queries, c.keys, 8, 8, Attention.ALL_KEYS);
        long row = c.keys;
        Strided read = new Strided(numbers, 0, c.queries * row, 0, row);
        Visibility expected = Visibility.of(team, z, read);
        assertThat(seen.allPlain()).isEqualTo(expected.allPlain());
        for (int b = 0; b < c.batch; b++) {
            for (int i = 0; i < c.queries; i++) {
                assertThat(seen.plain(b, 1, i)).isEqualTo(expected.plain(b, 1, i));
                assertThat(seen.from(b, 1, i)).isEqualTo(expected.from(b, 1, i));
                assertThat(seen.to(b, 1, i, c.keys)).isEqualTo(expected.to(b, 1, i, c.keys));
            }
        }
    }
}
