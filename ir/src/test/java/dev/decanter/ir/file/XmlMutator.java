package dev.decanter.ir.file;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Damages XML texts in ways that files are damaged, or that somebody with bad intentions would. */
final class XmlMutator {
    private static final Pattern TAG = Pattern.compile("<[^>]*>");
    private static final Pattern ATTRIBUTE = Pattern.compile(" [\\w-]+=\"[^\"]*\"");
    private static final Pattern NUMBER = Pattern.compile("(?<=[\"> ,.])-?\\d+(?=[\"< ,.])");
    private static final Pattern VALUE = Pattern.compile("(?<==\")[^\"]*(?=\")");
    private static final Pattern ELEMENT =
            Pattern.compile("(?s)<layer .*?</layer>|<edge [^>]*/>|<port .*?</port>|<data [^>]*/>|<dim>[^<]*</dim>");
    private static final String[] NUMBERS = {
        "-1",
        "-2",
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "7",
        "64",
        "65",
        "255",
        "1024",
        "65536",
        "1000000",
        "2147483647",
        "2147483648",
        "4294967296",
        "4611686018427387904",
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999",
        "1e9",
        "0x10",
        "",
        "NaN",
        "1..5",
        "5..1",
        "..",
        "?",
        "..."
    };
    private static final String[] TYPES = {
        "Add",
        "MatMul",
        "Reshape",
        "Concat",
        "Gather",
        "Slice",
        "StridedSlice",
        "Broadcast",
        "Transpose",
        "Squeeze",
        "Unsqueeze",
        "Split",
        "VariadicSplit",
        "Range",
        "ShapeOf",
        "Convert",
        "Parameter",
        "Result",
        "Const",
        "Assign",
        "ReadValue",
        "Loop",
        "If",
        "TopK",
        "ReduceMean",
        "Select",
        "Tile",
        "Pad",
        "Convolution",
        "ScatterUpdate",
        "Fancy"
    };

    private final Random random;

    XmlMutator(Random random) {
        this.random = random;
    }

    byte[] mutate(String text) {
        String out = text;
        int count = 1 + random.nextInt(1 + random.nextInt(4));
        for (int i = 0; i < count; i++) {
            out = once(out);
        }
        byte[] bytes = out.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > 0 && random.nextInt(8) == 0) {
            for (int i = random.nextInt(5); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
        }
        return bytes;
    }

    private String once(String text) {
        return switch (random.nextInt(16)) {
            case 0 -> text.substring(0, random.nextInt(text.length() + 1));
            case 1 -> replaced(text, TAG, "");
            case 2 -> replaced(text, ATTRIBUTE, "");
            case 3 -> replaced(text, ELEMENT, "");
            case 4, 5 -> doubled(text);
            case 6, 7, 8, 9, 10 -> replaced(text, NUMBER, NUMBERS[random.nextInt(NUMBERS.length)]);
            case 11 -> replaced(text, VALUE, other(text));
            case 12 -> replaced(text, Pattern.compile("(?<=type=\")[^\"]*"), TYPES[random.nextInt(TYPES.length)]);
            case 13 -> replaced(text, NUMBER, Integer.toString(random.nextInt(12)));
            case 14 -> replaced(text, Pattern.compile("opset\\d+"), "opset" + (1 + random.nextInt(15)));
            default -> {
                int at = random.nextInt(text.length() + 1);
                yield text.substring(0, at) + (char) random.nextInt(0x250) + text.substring(at);
            }
        };
    }

    /** One match, found from a random place on, so that large texts stay quick. */
    private MatchResult find(String text, Pattern pattern) {
        Matcher matcher = pattern.matcher(text);
        int start = text.isEmpty() ? 0 : random.nextInt(text.length());
        if (matcher.find(start) || matcher.find(0)) {
            return matcher.toMatchResult();
        }
        return Pattern.compile("").matcher("").results().findFirst().orElseThrow();
    }

    private String replaced(String text, Pattern pattern, String replacement) {
        MatchResult match = find(text, pattern);
        return text.substring(0, match.start()) + replacement + text.substring(match.end());
    }

    private String other(String text) {
        MatchResult match = find(text, VALUE);
        return match.group();
    }

    private String doubled(String text) {
        MatchResult match = find(text, ELEMENT);
        List<String> copies = new ArrayList<>();
        for (int i = random.nextInt(20) == 0 ? 200 : 1; i >= 0; i--) {
            copies.add(match.group());
        }
        return text.substring(0, match.start()) + String.join("", copies) + text.substring(match.end());
    }
}
