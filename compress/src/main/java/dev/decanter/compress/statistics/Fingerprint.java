package dev.decanter.compress.statistics;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** Tells models and datasets apart, so that statistics are not used for others than those they were made of. */
final class Fingerprint {
    /** Weights are looked at in so many places: all of them would take as long as reading the model. */
    private static final int PLACES = 16;

    private static final int PLACE_BYTES = 64;
    private static final int KEPT_BYTES = 16;

    private final MessageDigest digest;

    private Fingerprint() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Of the layers, and of some bytes of each constant. */
    static String of(Model model) {
        Fingerprint print = new Fingerprint();
        for (Node node : model.topologicalOrder()) {
            print.add(node.name());
            print.add(node.op().type());
            if (node.op() instanceof Op.Constant constant) {
                print.add(constant.elementType().irName() + constant.shape());
                print.add(constant.data());
            }
        }
        return print.text();
    }

    /** Of the first {@code samples} samples. */
    static String of(CalibrationDataset dataset, int samples) {
        Fingerprint print = new Fingerprint();
        for (int i = 0; i < samples; i++) {
            for (Map.Entry<String, Tensor> input : new TreeMap<>(dataset.sample(i)).entrySet()) {
                print.add(input.getKey() + input.getValue());
                print.digest.update(input.getValue().memory().asByteBuffer());
            }
        }
        return print.text();
    }

    private void add(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
        digest.update(bytes);
    }

    private void add(ConstantData data) {
        long bytes = data.byteSize();
        if (bytes <= (long) PLACES * PLACE_BYTES) {
            add(data, 0, (int) bytes);
            return;
        }
        for (int i = 0; i < PLACES; i++) {
            // On a multiple of 8: computed data comes in whole elements.
            add(data, (bytes - PLACE_BYTES) / (PLACES - 1) * i / Long.BYTES * Long.BYTES, PLACE_BYTES);
        }
    }

    private void add(ConstantData data, long offset, int length) {
        byte[] read = new byte[length];
        data.read(offset, MemorySegment.ofArray(read));
        digest.update(read);
    }

    private String text() {
        return HexFormat.of().formatHex(digest.digest(), 0, KEPT_BYTES);
    }
}
