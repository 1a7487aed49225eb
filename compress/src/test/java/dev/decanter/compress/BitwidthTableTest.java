package dev.decanter.compress;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class BitwidthTableTest {
    @Test
    void printsAsNncfDoes() {
        BitwidthTable table = BitwidthTable.of(List.of(
                new LayerDecision("a", "a.w", "int4_asym, group size 128", 4, 90, true),
                new LayerDecision("b", "b.w", "int8_asym, per-channel", 8, 10, false),
                new LayerDecision("c", "c.w", "int4_asym, group size 64", 4, 100, true)));
        assertThat(table.toString()).isEqualTo("""
                Statistics of the bitwidth distribution:
                ┍━━━━━━━━━━━━━━━━━━━━━━━━━━━┯━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┯━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┑
                │ Weight compression mode   │ % all parameters (layers)   │ % ratio-defining parameters (layers)   │
                ┝━━━━━━━━━━━━━━━━━━━━━━━━━━━┿━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┿━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┥
                │ int8_asym, per-channel    │ 5% (1 / 3)                  │ 0% (0 / 2)                             │
                ├───────────────────────────┼─────────────────────────────┼────────────────────────────────────────┤
                │ int4_asym, group size 64  │ 50% (1 / 3)                 │ 53% (1 / 2)                            │
                ├───────────────────────────┼─────────────────────────────┼────────────────────────────────────────┤
                │ int4_asym, group size 128 │ 45% (1 / 3)                 │ 47% (1 / 2)                            │
                ┕━━━━━━━━━━━━━━━━━━━━━━━━━━━┷━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┷━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┙""");
    }
}
