package dev.decanter.tokenizers;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.Tensor;
import dev.decanter.tokenizers.convert.PairInputs;
import dev.decanter.tokenizers.ops.Strings;
import dev.decanter.tokenizers.ops.Vocabularies;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Text to token ids and back, by a tokenizer and a detokenizer in IR. Safe for several threads.
 *
 * {@snippet :
 * try (Tokenizer tokenizer = Tokenizer.load(Path.of("model"))) {
 *     long[] ids = tokenizer.encodeToIds("The quick river ran");
 *     String text = tokenizer.decode(ids);
 * }
 * }
 *
 * <p>Text is taken as UTF-8; a lone surrogate, which UTF-8 cannot express, becomes a question mark, as in
 * {@link String#getBytes(java.nio.charset.Charset)}.
 */
public final class Tokenizer implements AutoCloseable {
    /** String operations run in their extension on any device; what is left is too small for kernels to matter. */
    private static final String DEVICE = "REFERENCE";

    private final Path folder;
    private final TextEncoder encoder;
    private final Core core;
    /** The graph as it was read, for pairs, of which the graph is made when they are asked for. */
    private final Model single;

    private final Object pairLock = new Object();
    private Optional<TextEncoder> pairEncoder = Optional.empty();
    private final Optional<RequestPool> decoder;
    private final RtInfo.Section info;
    private final Strings vocabulary;
    private final BitSet skipped = new BitSet();
    private final boolean byteFallback;
    private final Optional<Anchor> anchor;

    /** A token of which the text stands by itself, put before the window of a streaming detokenizer. */
    record Anchor(long id, String text) {}

    private Tokenizer(Path folder, Core core, Model tokenizer, Optional<Model> detokenizer) {
        this.folder = folder;
        this.core = core;
        info = tokenizer.rtInfo();
        single = tokenizer.copy();
        encoder = new TextEncoder(folder, core, DEVICE, tokenizer);
        vocabulary = detokenizer
                .flatMap(Vocabularies::vocabulary)
                .or(() -> Vocabularies.vocabulary(tokenizer))
                .orElseGet(() -> Strings.of(List.of()));
        detokenizer.ifPresent(model -> {
            for (int id : RunTimeSwitches.addToDecoder(model)) {
                skipped.set(id);
            }
        });
        byteFallback = detokenizer.isPresent()
                && !Vocabularies.nodes(detokenizer.get(), "ByteFallback").isEmpty();
        decoder = detokenizer.map(model -> new RequestPool(core.compileModel(model, DEVICE)));
        anchor = decoder.isPresent() ? findAnchor() : Optional.empty();
    }

    /**
     * Loads {@code openvino_tokenizer.xml} and, if it is there, {@code openvino_detokenizer.xml} from a folder.
     *
     * @throws TokenizerException if there is no tokenizer
     * @throws dev.decanter.ir.DecanterException if a file cannot be read or run
     */
    public static Tokenizer load(Path folder) {
        return load(folder, Core.create());
    }

    /** As {@link #load(Path)} with the operations of a given core. */
    public static Tokenizer load(Path folder, Core core) {
        Path tokenizer = folder.resolve(TokenizerConverter.TOKENIZER);
        if (!Files.exists(tokenizer)) {
            throw new TokenizerException(folder + ": has no " + TokenizerConverter.TOKENIZER
                    + "; convert the tokenizer (decanter convert-tokenizer)");
        }
        Path detokenizer = folder.resolve(TokenizerConverter.DETOKENIZER);
        Optional<Model> decoder =
                Files.exists(detokenizer) ? Optional.of(IrReader.read(detokenizer)) : Optional.empty();
        return new Tokenizer(folder, core, IrReader.read(tokenizer), decoder);
    }

    /** Encodes one text with {@link EncodeOptions#DEFAULT}. */
    public TokenizedInputs encode(String text) {
        return encode(List.of(text), EncodeOptions.DEFAULT);
    }

    /** Encodes a batch with {@link EncodeOptions#DEFAULT}. */
    public TokenizedInputs encode(List<String> texts) {
        return encode(texts, EncodeOptions.DEFAULT);
    }

    /**
     * Encodes a batch, one row a text.
     *
     * @throws TokenizerException if there is no text, or the options ask for what this tokenizer has fixed
     */
    public TokenizedInputs encode(List<String> texts, EncodeOptions options) {
        if (texts.isEmpty()) {
            throw new TokenizerException("nothing to encode: the list of texts is empty");
        }
        return encoder.encode(texts, List.of(), options);
    }

    /** Encodes a batch of pairs with {@link EncodeOptions#DEFAULT}. */
    public TokenizedInputs encodePairs(List<TextPair> pairs) {
        return encodePairs(pairs, EncodeOptions.DEFAULT);
    }

    /**
     * Encodes a batch, one row a pair: both texts and the special tokens around and between them, as the tokenizer's
     * post-processor has it ({@code processed_post_processor_template} of {@code rt_info}), with {@code token_type_ids}.
     *
     * @throws TokenizerException if there is no pair, the tokenizer has no template for pairs, or the options ask for what
     *     this tokenizer has fixed
     * @throws dev.decanter.ir.DecanterException if truncation of only one of the texts is not enough
     */
    public TokenizedInputs encodePairs(List<TextPair> pairs, EncodeOptions options) {
        if (pairs.isEmpty()) {
            throw new TokenizerException("nothing to encode: the list of pairs is empty");
        }
        List<String> first = pairs.stream().map(TextPair::first).toList();
        List<String> second = pairs.stream().map(TextPair::second).toList();
        return pairEncoder().encode(first, second, options);
    }

    private TextEncoder pairEncoder() {
        if (encoder.takesPairs()) {
            return encoder;
        }
        synchronized (pairLock) {
            if (pairEncoder.isEmpty()) {
                Model model = single.copy();
                try {
                    PairInputs.addForPairs(model);
                } catch (TokenizerException e) {
                    throw new TokenizerException(folder + ": " + e.getMessage(), e);
                }
                pairEncoder = Optional.of(new TextEncoder(folder, core, DEVICE, model));
            }
            return pairEncoder.get();
        }
    }

    /** The ids of one text, special tokens added. */
    public long[] encodeToIds(String text) {
        return encodeToIds(text, true);
    }

    /** The ids of one text, with or without the special tokens that the post-processor adds. */
    public long[] encodeToIds(String text, boolean addSpecialTokens) {
        return encode(List.of(text), EncodeOptions.DEFAULT.withAddSpecialTokens(addSpecialTokens))
                .inputIds()
                .toLongs();
    }

    /** The text of ids, special tokens left out. */
    public String decode(long[] ids) {
        return decode(ids, true);
    }

    /**
     * The text of ids. Bytes that are not UTF-8 become U+FFFD. Ids beyond the vocabulary (models may have more) have no text.
     *
     * @throws TokenizerException for a negative id, or if there is no detokenizer
     */
    public String decode(long[] ids, boolean skipSpecialTokens) {
        RequestPool pool = decoder.orElseThrow(() -> new TokenizerException(
                folder + ": has no " + TokenizerConverter.DETOKENIZER + "; convert the tokenizer with a detokenizer"));
        for (long id : ids) {
            if (id < 0) {
                throw new TokenizerException("id " + id + " is negative");
            }
        }
        // The graph computes with 32 bits; what is beyond the vocabulary has no text however far beyond it is.
        long[] clamped = ids.clone();
        for (int i = 0; i < clamped.length; i++) {
            clamped[i] = Math.min(clamped[i], Integer.MAX_VALUE);
        }
        return pool.with(request -> {
            Shape shape = Shape.of(1, ids.length);
            boolean narrow = narrow(pool.model());
            request.setTensor(
                    pool.model().inputs().getFirst().name(),
                    narrow
                            ? Tensor.ofInts(
                                    shape,
                                    Arrays.stream(clamped)
                                            .mapToInt(i -> (int) i)
                                            .toArray())
                            : Tensor.ofLongs(shape, clamped));
            if (pool.model().hasInput(RunTimeSwitches.SKIP_COUNT)) {
                int count = skipSpecialTokens ? Integer.MAX_VALUE : 0;
                request.setTensor(RunTimeSwitches.SKIP_COUNT, Tensor.ofInts(Shape.of(1), count));
            }
            request.infer();
            return request.outputs().getFirst().strings().getFirst();
        });
    }

    private static boolean narrow(CompiledModel model) {
        return model.inputs().getFirst().elementType() == ElementType.I32;
    }

    /** The texts of several lists of ids. */
    public List<String> decode(List<long[]> batch, boolean skipSpecialTokens) {
        return batch.stream().map(ids -> decode(ids, skipSpecialTokens)).toList();
    }

    /** Decodes ids as they come, special tokens left out. */
    public StreamingDetokenizer streamingDetokenizer() {
        return streamingDetokenizer(true);
    }

    /** Decodes ids as they come. */
    public StreamingDetokenizer streamingDetokenizer(boolean skipSpecialTokens) {
        return new StreamingDetokenizer(this, skipSpecialTokens);
    }

    private Optional<Anchor> findAnchor() {
        for (int id = 0; id < vocabulary.size(); id++) {
            String text = vocabulary.text(id);
            if (!skipped.get(id)
                    && text.matches("[A-Za-z0-9]+")
                    && decode(new long[] {id}, false).equals(text)) {
                return Optional.of(new Anchor(id, text));
            }
        }
        return Optional.empty();
    }

    Optional<Anchor> anchor() {
        return anchor;
    }

    /** Whether an id adds nothing to the text. */
    boolean isLeftOut(long id, boolean skipSpecialTokens) {
        return id >= vocabulary.size() || (skipSpecialTokens && skipped.get((int) id));
    }

    /** Whether an id is one byte of a character that the vocabulary does not have. */
    boolean isFallbackByte(long id) {
        return byteFallback && id < vocabulary.size() && Vocabularies.fallbackByte(vocabulary, (int) id) >= 0;
    }

    /** The beginning-of-sequence token's id. */
    public OptionalLong bosTokenId() {
        return id("bos_token_id");
    }

    /** The end-of-sequence token's id. */
    public OptionalLong eosTokenId() {
        return id("eos_token_id");
    }

    /** The padding token's id. */
    public OptionalLong padTokenId() {
        return id("pad_token_id");
    }

    /** The beginning-of-sequence token. */
    public Optional<String> bosToken() {
        return token(bosTokenId());
    }

    /** The end-of-sequence token. */
    public Optional<String> eosToken() {
        return token(eosTokenId());
    }

    /** The padding token. */
    public Optional<String> padToken() {
        return token(padTokenId());
    }

    private Optional<String> token(OptionalLong id) {
        return id.isPresent() && id.getAsLong() < vocabulary.size()
                ? Optional.of(vocabulary.text((int) id.getAsLong()))
                : Optional.empty();
    }

    private OptionalLong id(String key) {
        Optional<String> text = info.text(key).filter(t -> !t.isBlank());
        if (text.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseLong(text.get().strip()));
        } catch (NumberFormatException e) {
            throw new TokenizerException(folder + ": rt_info " + key + " is \"" + text.get() + "\", which is no id", e);
        }
    }

    /** The chat template (Jinja) from {@code rt_info}. */
    public Optional<String> chatTemplate() {
        return info.text("chat_template").filter(t -> !t.isEmpty());
    }

    /** The tokenizer's {@code rt_info}: ids, templates, conversion flags. */
    public RtInfo.Section rtInfo() {
        return info;
    }

    /**
     * The tokens by id. Those of a vocabulary of bytes are their bytes decoded, with U+FFFD for parts of characters; those of
     * a SentencePiece vocabulary have ▁ for a space; an id without a token is empty.
     */
    public List<String> vocabulary() {
        List<String> tokens = new ArrayList<>(vocabulary.size());
        for (int id = 0; id < vocabulary.size(); id++) {
            tokens.add(vocabulary.text(id));
        }
        return tokens;
    }

    /**
     * The bytes that each id adds to a decoded text, by id; none for special tokens and for ids without a token. A token may be a
     * part of a character. Tokens that begin a word bring the space before it.
     *
     * @param atBeginning as a text's first token: decoders of SentencePiece and of word pieces leave the first space out
     * @throws TokenizerException if there is no detokenizer
     */
    public List<byte[]> tokenBytes(boolean atBeginning) {
        return new TokenTexts(this, vocabulary).bytes(atBeginning);
    }

    /** The texts of rows of ids, equally many in each; special tokens are kept. */
    List<String> decodeRows(long[] ids, int rows) {
        RequestPool pool = decoder.orElseThrow(() -> new TokenizerException(
                folder + ": has no " + TokenizerConverter.DETOKENIZER + "; convert the tokenizer with a detokenizer"));
        return pool.with(request -> {
            request.setTensor(
                    pool.model().inputs().getFirst().name(), Tensor.ofLongs(Shape.of(rows, ids.length / rows), ids));
            if (pool.model().hasInput(RunTimeSwitches.SKIP_COUNT)) {
                request.setTensor(RunTimeSwitches.SKIP_COUNT, Tensor.ofInts(Shape.of(1), 0));
            }
            request.infer();
            return request.outputs().getFirst().strings();
        });
    }

    /** Number of ids. */
    public int vocabularySize() {
        return vocabulary.size();
    }

    @Override
    public void close() {
        encoder.close();
        synchronized (pairLock) {
            pairEncoder.ifPresent(TextEncoder::close);
        }
        decoder.ifPresent(RequestPool::close);
    }
}
