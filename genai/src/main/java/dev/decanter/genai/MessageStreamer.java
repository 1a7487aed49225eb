package dev.decanter.genai;

import dev.decanter.genai.parsers.MessageDelta;
import dev.decanter.genai.parsers.OutputFormat;
import dev.decanter.genai.parsers.OutputParser;
import java.util.List;
import java.util.function.Function;

/**
 * A streamer of text, reasoning and tool calls told apart. For one answer.
 *
 * {@snippet :
 * pipeline.generate(history, config, new MessageStreamer(format, delta -> switch (delta) {
 *     case MessageDelta.Content(String text) -> show(text);
 *     default -> StreamingStatus.RUNNING;
 * }));
 * }
 */
public final class MessageStreamer implements Streamer {
    private final OutputParser parser;
    private final Function<MessageDelta, StreamingStatus> receiver;
    private StreamingStatus status = StreamingStatus.RUNNING;

    /**
     * Makes a streamer.
     *
     * @param receiver called for each delta; says whether to go on, and gets nothing more once it says otherwise
     */
    public MessageStreamer(OutputFormat format, Function<MessageDelta, StreamingStatus> receiver) {
        this.parser = format.parser();
        this.receiver = receiver;
    }

    @Override
    public StreamingStatus write(String text) {
        return told(parser.write(text));
    }

    @Override
    public void end() {
        told(parser.end());
    }

    private StreamingStatus told(List<MessageDelta> deltas) {
        for (MessageDelta delta : deltas) {
            if (status == StreamingStatus.RUNNING) {
                status = receiver.apply(delta);
            }
        }
        return status;
    }
}
