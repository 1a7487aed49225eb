package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.util.ArrayList;
import java.util.List;

/** BytesToChars and CharsToBytes: GPT-2's map on ragged strings (5 inputs, skips optional). */
final class ByteLevelKernels {
    private ByteLevelKernels() {}

    /** Every byte becomes its character; pieces to skip stay as they are. */
    static Kernel bytesToChars(Node node) {
        Constants.requireInputs(node, 5, 6);
        return ByteLevelKernels::toChars;
    }

    private static List<Tensor> toChars(List<Tensor> inputs) {
        Strings pieces = Strings.read(inputs, 2);
        Ragged rows = Ragged.read(inputs, 0).within(pieces.size());
        byte[] skips = inputs.size() == 6 ? Tensors.bytes(inputs.get(5)) : new byte[pieces.size()];
        StringsBuilder out = new StringsBuilder(pieces.size(), 2 * pieces.chars.length);
        for (int i = 0; i < pieces.size(); i++) {
            if (skips[i] != 0) {
                out.append(pieces.chars, pieces.begins[i], pieces.ends[i]);
            } else {
                for (int at = pieces.begins[i]; at < pieces.ends[i]; at++) {
                    out.appendCodePoint(ByteLevel.charOf(pieces.chars[at]));
                }
            }
            out.endString();
        }
        List<Tensor> tensors = new ArrayList<>(List.of(Tensors.of(rows.begins), Tensors.of(rows.ends)));
        tensors.addAll(out.build().tensors());
        if (inputs.size() == 6) {
            tensors.add(Tensors.ofFlags(skips.clone(), Shape.of(skips.length)));
        }
        return tensors;
    }

    /** Characters become their bytes and a row's pieces one string, or stay pieces if the layer has 5 outputs. */
    static Kernel charsToBytes(Node node) {
        Constants.requireInputs(node, 5);
        boolean fuse = node.outputs().size() == 3;
        return inputs -> toBytes(inputs, fuse);
    }

    private static List<Tensor> toBytes(List<Tensor> inputs, boolean fuse) {
        Strings pieces = Strings.read(inputs, 2);
        Ragged rows = Ragged.read(inputs, 0).within(pieces.size());
        StringsBuilder out = new StringsBuilder(pieces.size(), pieces.chars.length);
        int[] begins = new int[rows.size()];
        int[] ends = new int[rows.size()];
        int count = 0;
        for (int row = 0; row < rows.size(); row++) {
            begins[row] = count;
            for (int piece = rows.begins[row]; piece < rows.ends[row]; piece++) {
                toBytes(pieces, piece, out);
                if (!fuse) {
                    out.endString();
                    count++;
                }
            }
            ends[row] = count;
            if (fuse) {
                out.endString();
            }
        }
        if (fuse) {
            return out.build().tensors();
        }
        List<Tensor> tensors = new ArrayList<>(List.of(Tensors.of(begins), Tensors.of(ends)));
        tensors.addAll(out.build().tensors());
        return tensors;
    }

    private static void toBytes(Strings pieces, int piece, StringsBuilder out) {
        int end = pieces.ends[piece];
        int begin = out.size();
        for (int at = pieces.begins[piece]; at < end; ) {
            int length = Utf8.sequence(pieces.chars, at, end);
            int value = length == 0 ? -1 : ByteLevel.byteOf(Utf8.decode(pieces.chars, at, length));
            if (value < 0) {
                // As the library: a token that is not all bytes is itself.
                out.retract(begin);
                out.append(pieces.chars, pieces.begins[piece], end);
                return;
            }
            out.append((byte) value);
            at += length;
        }
    }
}
