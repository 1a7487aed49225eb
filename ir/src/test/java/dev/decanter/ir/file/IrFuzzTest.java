package dev.decanter.ir.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Damaged files, for {@code decanter.fuzz.seconds} (5 unless set): whatever is in a file, reading it ends soon, with a
 * model that can be written or with an {@link IrException} of one line that names the file.
 */
class IrFuzzTest {
    private static final double SECONDS = Double.parseDouble(System.getProperty("decanter.fuzz.seconds", "5"));
    private static final long SEED = 20_260_101;
    private static final String SOURCE = "fuzzed.xml";
    private static final int LARGEST_SMALL = 30_000;
    private static final int LARGEST = 600_000;
    private static final int ONE_IN_SO_MANY_IS_LARGE = 50;

    private record Start(String text, Weights weights) {}

    /** Texts of our own, which are small, and the smaller real ones. */
    private static List<Start> smallStarts() throws IOException {
        List<Start> starts = new ArrayList<>();
        Weights counting = Weights.of(MemorySegment.ofArray(counting()), "the weights");
        for (String resource : List.of("golden.xml", "shapes.xml")) {
            try (var stream = IrFuzzTest.class.getResourceAsStream(resource)) {
                byte[] bytes = Objects.requireNonNull(stream).readAllBytes();
                starts.add(new Start(new String(bytes, StandardCharsets.UTF_8), counting));
            }
        }
        starts.add(new Start(TinyIr.SUM, counting));
        starts.add(new Start(TinyIr.LOOP, counting));
        starts.addAll(realStarts(0, LARGEST_SMALL));
        return starts;
    }

    private static List<Start> realStarts(long from, long to) throws IOException {
        List<Start> starts = new ArrayList<>();
        for (Path xml : SharedFiles.irFiles()) {
            if (Files.size(xml) >= from && Files.size(xml) < to) {
                Path bin = IrReader.weightsPath(xml);
                Weights weights = Files.exists(bin) ? Weights.of(bin) : Weights.absent(SOURCE);
                starts.add(new Start(Files.readString(xml), weights));
            }
        }
        return starts;
    }

    /** Small integers of 64 bits, so that constants make sense as shapes and axes. */
    private static byte[] counting() {
        byte[] bytes = new byte[256];
        for (int i = 0; i < bytes.length; i += 8) {
            bytes[i] = (byte) (i / 8 % 4);
        }
        return bytes;
    }

    @Test
    void theSmallStartsAreGoodFiles() throws IOException {
        for (Start start : smallStarts().subList(0, 4)) {
            assertThat(read(start, start.text.getBytes(StandardCharsets.UTF_8)).results())
                    .isNotEmpty();
        }
    }

    private static Model read(Start start, byte[] xml) {
        return IrReader.read(new ByteArrayInputStream(xml), start.weights, SOURCE);
    }

    @Test
    void damagedFilesGiveOneDocumentedException() throws IOException {
        List<Start> small = smallStarts();
        List<Start> large = realStarts(LARGEST_SMALL, LARGEST);
        long end = System.nanoTime() + (long) (SECONDS * 1e9);
        int accepted = 0;
        int refused = 0;
        for (int i = 0; System.nanoTime() < end; i++) {
            Random random = new Random(SEED + i);
            List<Start> starts = large.isEmpty() || random.nextInt(ONE_IN_SO_MANY_IS_LARGE) > 0 ? small : large;
            Start start = starts.get(random.nextInt(starts.size()));
            byte[] xml = new XmlMutator(random).mutate(start.text);
            if (isGood(start, xml, i)) {
                accepted++;
            } else {
                refused++;
            }
        }
        System.out.printf("fuzzed %d files: %d accepted, %d refused%n", accepted + refused, accepted, refused);
        assertThat(accepted).isPositive();
        assertThat(refused).isPositive();
    }

    private static boolean isGood(Start start, byte[] xml, int run) throws IOException {
        long begin = System.nanoTime();
        try {
            Model model = read(start, xml);
            try (Writer out = new StringWriter()) {
                writeTopology(model, out);
                IrReader.read(
                        new ByteArrayInputStream(out.toString().getBytes(StandardCharsets.UTF_8)),
                        Weights.absent(SOURCE),
                        SOURCE + " written again");
            }
            return true;
        } catch (IrException e) {
            String message = String.valueOf(e.getMessage());
            if (!message.startsWith(SOURCE + ": ") || message.contains("\n") || message.length() > 1100) {
                throw failure(xml, run, e);
            }
            // an exception of another kind underneath is a mistake of ours, though users are spared it
            if (message.contains("it cannot be made: ") || message.contains("cannot be read as an IR: ")) {
                throw failure(xml, run, e);
            }
            return false;
        } catch (RuntimeException | Error e) {
            throw failure(xml, run, e);
        } finally {
            assertThat((System.nanoTime() - begin) / 1e9)
                    .as("seconds for run %d", run)
                    .isLessThan(10);
        }
    }

    private static AssertionError failure(byte[] xml, int run, Throwable cause) throws IOException {
        Path file = Path.of("target", "fuzz-failure-" + run + ".xml");
        Files.write(file, xml);
        return new AssertionError("run " + run + ", see " + file + ": " + cause, cause);
    }

    private static void writeTopology(Model model, Writer out) throws IOException {
        IdentityHashMap<ConstantData, Long> offsets = new IdentityHashMap<>();
        IrWriter.writeXml(model, out, (data, _) -> offsets.computeIfAbsent(data, _ -> 64L * offsets.size()));
    }
}
