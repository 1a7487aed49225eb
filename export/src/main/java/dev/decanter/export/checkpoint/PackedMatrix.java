package dev.decanter.export.checkpoint;

import dev.decanter.export.ExportException;
import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.safetensors.CheckpointTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A matrix of a GPTQ or AWQ checkpoint as codes, zero points and scales of groups that are contiguous in each row:
 * {@code w[o, i] = scales[o, i / g] · (codes[o, i] − zeroPoints[o, i / g])}. Nothing is rounded: codes, zero points and scales are the
 * checkpoint's. They are read, and put in the order of outputs, when they are asked for.
 *
 * <p>Where the groups are scattered over the inputs ({@code desc_act}), columns are put in the order of their groups, stably, and
 * {@link #inputOrder} says which input a column belongs to. Groups of different lengths, as of inputs that are no multiple of the
 * group size, are cut into pieces of their greatest common divisor, each with the scale of its group.
 *
 * <p>Zero points that are all 8 with codes of 4 bits are left out, and the codes made signed, which is the same without the
 * subtraction.
 */
public final class PackedMatrix {
    static final String CODES = ".qweight";
    private static final String ZERO_POINTS = ".qzeros";
    private static final String SCALES = ".scales";
    private static final String GROUPS = ".g_idx";

    /** With shorter groups, scales would take more room than codes. */
    private static final int SHORTEST_GROUP = 8;

    /** Output of AWQ's word that lies at its n-th nibble, the other way round: the nibble of output n. */
    private static final int[] AWQ_NIBBLES = {0, 4, 1, 5, 2, 6, 3, 7};

    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Checkpoint checkpoint;
    private final QuantizationConfig config;
    private final String module;
    private final int outputs;
    private final int inputs;
    private final CheckpointTensor words;
    private final CheckpointTensor zeroWords;
    private final CheckpointTensor scaleTensor;

    /** Input of each column, group of each column. */
    private final int[] order;

    private final int[] groupOfColumn;
    private final int groupLength;
    private final boolean signed;

    private PackedMatrix(Checkpoint checkpoint, QuantizationConfig config, String module, int outputs, int inputs) {
        this.checkpoint = checkpoint;
        this.config = config;
        this.module = module;
        this.outputs = outputs;
        this.inputs = inputs;
        int perWord = config.codesPerWord();
        boolean gptq = config.method() == QuantizationConfig.Method.GPTQ;
        requireWords(perWord, gptq);
        words = checkpoint.takeWords(
                module + CODES, gptq ? Shape.of(inputs / perWord, outputs) : Shape.of(inputs, outputs / perWord));
        int groupSize = config.groupSize() == -1 ? inputs : config.groupSize();
        int groups = Math.ceilDiv(inputs, groupSize);
        zeroWords = checkpoint.takeWords(module + ZERO_POINTS, Shape.of(groups, outputs / perWord));
        scaleTensor = checkpoint.takeScales(module + SCALES, Shape.of(groups, outputs));
        int[] groupOf = groupOfInputs(groupSize, groups);
        order = IntStream.range(0, inputs)
                .boxed()
                .sorted(Comparator.comparingInt(i -> groupOf[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        groupOfColumn = Arrays.stream(order).map(i -> groupOf[i]).toArray();
        groupLength = commonLength(groups);
        signed = zeroPointsAreTheMiddle();
        checkpoint.countPacked((long) outputs * inputs);
    }

    /** Whether the weights of this module are packed. A module of which only a part is there counts. */
    public static boolean isPacked(Checkpoint checkpoint, String module) {
        return !checkpoint.has(module + ".weight")
                && (checkpoint.has(module + CODES)
                        || checkpoint.has(module + ZERO_POINTS)
                        || checkpoint.has(module + SCALES));
    }

    /**
     * The packed weights of a module, [outputs, inputs].
     *
     * @throws ExportException if one of the tensors is missing or has another shape than these sizes ask for, if
     *     {@code g_idx} is no assignment to groups, or if a zero point has no agreed meaning
     */
    public static PackedMatrix take(
            Checkpoint checkpoint, QuantizationConfig config, String module, int outputs, int inputs) {
        return new PackedMatrix(checkpoint, config, module, outputs, inputs);
    }

    private void requireWords(int perWord, boolean gptq) {
        if (outputs % perWord != 0 || (gptq && inputs % perWord != 0)) {
            throw new ExportException(checkpoint.folder() + ": " + module + " has " + outputs + " outputs and " + inputs
                    + " inputs, which " + config.method().label() + " cannot pack in words of " + perWord
                    + " codes; does config.json belong to these weights?");
        }
    }

    /** The group of each input: i / groupSize, or what {@code g_idx} says. */
    private int[] groupOfInputs(int groupSize, int groups) {
        int[] plain = IntStream.range(0, inputs).map(i -> i / groupSize).toArray();
        String name = module + GROUPS;
        if (config.method() != QuantizationConfig.Method.GPTQ || !(checkpoint.has(name) || config.actOrder())) {
            return plain;
        }
        CheckpointTensor tensor = checkpoint.takeWords(name, Shape.of(inputs));
        int[] found = tensor.data().toArray(I32);
        for (int i = 0; i < inputs; i++) {
            if (found[i] < 0 || found[i] >= groups) {
                throw new ExportException(tensor.file() + ": tensor \"" + name + "\" has the group " + found[i]
                        + " at element " + i + ", but there are " + groups + " groups; the checkpoint is damaged");
            }
        }
        if (!config.actOrder() && !Arrays.equals(found, plain)) {
            throw new ExportException(tensor.file() + ": tensor \"" + name + "\" scatters the groups, but "
                    + "quantization_config has desc_act false; set it to true if the weights were made so");
        }
        return found;
    }

    private int commonLength(int groups) {
        int[] sizes = new int[groups];
        for (int group : groupOfColumn) {
            sizes[group]++;
        }
        int common = Arrays.stream(sizes).reduce(0, PackedMatrix::gcd);
        if (common < Math.min(SHORTEST_GROUP, inputs)) {
            throw new ExportException(
                    checkpoint.folder() + ": the groups of " + module + " are of lengths that have no "
                            + "common divisor of " + SHORTEST_GROUP + " or more; IR has groups of one length only");
        }
        return common;
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    /** Looks at all zero points; they are few. */
    private boolean zeroPointsAreTheMiddle() {
        int middle = repeated(1 << (config.bits() - 1));
        boolean all = true;
        for (int word : zeroWords.data().toArray(I32)) {
            if (config.zeroPointsMinusOne() && !config.borrows()) {
                requireClearZeroPoints(word);
            }
            all &= word + zeroPointShift() == middle;
        }
        return all && config.bits() == 4;
    }

    private void requireClearZeroPoints(int word) {
        int mask = (1 << config.bits()) - 1;
        for (int shift = 0; shift < Integer.SIZE; shift += config.bits()) {
            if (((word >>> shift) & mask) == mask) {
                throw new ExportException(zeroWords.file() + ": tensor \"" + zeroWords.name()
                        + "\" has the stored zero "
                        + "point " + mask + ", which some readers of checkpoint_format gptq take for 0 and others for "
                        + (mask + 1) + "; convert the checkpoint to gptq_v2 with the tool that made it");
            }
        }
    }

    /** What is added to a word of zero points, so that each becomes the one meant. */
    private int zeroPointShift() {
        return config.zeroPointsMinusOne() ? repeated(1) : 0;
    }

    private int repeated(int code) {
        int word = 0;
        for (int shift = 0; shift < Integer.SIZE; shift += config.bits()) {
            word |= code << shift;
        }
        return word;
    }

    /** u4, i4 or u8. */
    public ElementType codeType() {
        return config.bits() == 8 ? ElementType.U8 : signed ? ElementType.I4 : ElementType.U4;
    }

    /** f16, or f32 where the checkpoint's scales are wider or bf16, which f16 does not hold. */
    public ElementType scaleType() {
        return scaleTensor.elementType() == ElementType.F16 ? ElementType.F16 : ElementType.F32;
    }

    /** Inputs of a group. */
    public int groupLength() {
        return groupLength;
    }

    /** Groups of a row. */
    public int groups() {
        return inputs / groupLength;
    }

    /** Codes of type {@link #codeType}, [outputs, inputs in the order of columns]. */
    public ConstantData codes() {
        boolean gptq = config.method() == QuantizationConfig.Method.GPTQ;
        PackedCodes.Packing packing = gptq
                ? PackedCodes.Packing.rowsPacked(config.bits())
                : PackedCodes.Packing.columnsPacked(config.bits(), AWQ_NIBBLES);
        return new PackedCodes(words, packing, outputs, order, 0, signed ? 8 : 0);
    }

    /** Zero points of type {@link #codeType}, [outputs, groups]; empty if all are 0. */
    public Optional<ConstantData> zeroPoints() {
        if (signed) {
            return Optional.empty();
        }
        int[] natural = IntStream.range(0, config.codesPerWord()).toArray();
        PackedCodes.Packing packing = PackedCodes.Packing.columnsPacked(
                config.bits(), config.method() == QuantizationConfig.Method.AWQ ? AWQ_NIBBLES : natural);
        return Optional.of(new PackedCodes(zeroWords, packing, outputs, groupOrder(), zeroPointShift(), 0));
    }

    /** Scales of type {@link #scaleType}, [outputs, groups]; reading them looks for NaN and infinity. */
    public ConstantData scales() {
        return new TransposedScales(scaleTensor, scaleType(), outputs, groupOrder());
    }

    /** Group of the checkpoint for each group of columns. */
    private int[] groupOrder() {
        return IntStream.range(0, groups())
                .map(group -> groupOfColumn[group * groupLength])
                .toArray();
    }

    /** The input of each column, unless column i is input i. */
    public Optional<int[]> inputOrder() {
        boolean plain = IntStream.range(0, inputs).allMatch(i -> order[i] == i);
        return plain ? Optional.empty() : Optional.of(order.clone());
    }

    /** A view of the words in memory, for the data classes. */
    static void copyWords(CheckpointTensor tensor, long first, int[] target, int count) {
        MemorySegment.copy(tensor.data(), I32, first * Integer.BYTES, target, 0, count);
    }
}
