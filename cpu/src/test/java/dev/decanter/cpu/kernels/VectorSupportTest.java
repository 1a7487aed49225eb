package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Each run of the kernel tests forces one width; this test makes sure that it was really in force. */
class VectorSupportTest {
    @Test
    void theForcedWidthIsInForceOrRefusedInWords() {
        String asked = System.getProperty(VectorSupport.PROPERTY, "");
        if (VectorSupport.problem().isPresent()) {
            assertThat(VectorSupport.problem().orElseThrow()).contains(asked).contains("use a smaller width");
        } else if (!asked.isEmpty()) {
            assertThat(VectorSupport.describe()).startsWith(asked);
            assertThat(VectorSupport.bits()).isEqualTo(asked.equals("scalar") ? 0 : Integer.parseInt(asked));
        }
    }
}
