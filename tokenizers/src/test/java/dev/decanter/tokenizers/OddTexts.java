package dev.decanter.tokenizers;

import java.util.List;
import java.util.SplittableRandom;

/** Texts to try tokenizers with: random code points of all kinds, odd sequences, words of the vocabulary glued together. */
final class OddTexts {
    private static final List<String> SEQUENCES = List.of(
            "don't",
            "I'LL they've",
            "\u212A\u017F\u0130\u0131",
            "stra\u00DFe \u1E9E",
            "\uFB01\uFB02\uFB06",
            "\uFF21\uFF11\u3000\uFF1C/s\uFF1E",
            "\u2460\u00BD\u00B2\u2167",
            "\uD835\uDC00\uD835\uDFD9",
            "\uD55C\uAD6D\uC5B4 \u1112\u1161\u11AB\u1100\u1161\u11A8\u11A7",
            "e\u0301\u0323 \u00C5\u0327",
            "\u05E9\u05B8\u05C1\u05DC\u05D5\u05B9\u05DD \u0645\u0631\u062D\u0628\u0627",
            "\u0939\u093F\u0928\u094D\u0926\u0940 \u0E44\u0E17\u0E22",
            "\u65E5\u672C\u8A9E\u3001\u6771\u4EAC\u3002\u30AB\uFF9E",
            "\r\n\r\r\n \n\t\t",
            "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
            "\uD83C\uDFF3\uFE0F\u200D\uD83C\uDF08 \uD83C\uDDE9\uD83C\uDDEA\uD83C\uDDEB 1\uFE0F\u20E3",
            "\u200B\u00AD\uFEFF\u2060\u180E",
            "\0\u0001\u007F\u0085\u009F",
            "<s></s><unk>[CLS][MASK]<|endoftext|>",
            "<0x41><0xC3><0xA9>",
            "##ing \u2581\u2581 \u0120the</w>",
            "a.b ,c ? ! do not ' n't",
            "1234567 12.5e-3 \u0663\u0664",
            "\u0345\u0301\u0958\u0F73\uFB1D",
            "         ",
            "\u1680\u2003\u2028\u2029\u202F\u205F");

    private final SplittableRandom random;
    private final List<String> words;

    OddTexts(SplittableRandom random, List<String> words) {
        this.random = random;
        this.words = words;
    }

    /** Up to 20 pieces, sometimes none; rarely a long run. */
    String next() {
        if (random.nextInt(300) == 0) {
            return any(List.of("a", "\u00E9", " ", "\u6F22", ".")).repeat(random.nextInt(200, 2000));
        }
        StringBuilder text = new StringBuilder();
        String space = random.nextBoolean() ? " " : "";
        for (int i = random.nextInt(21); i > 0; i--) {
            piece(text);
            text.append(random.nextInt(4) == 0 ? "" : space);
        }
        return text.toString();
    }

    /** Up to 12 ids below {@code limit}. */
    long[] ids(int limit) {
        return random.longs(random.nextInt(13), 0, limit).toArray();
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private void piece(StringBuilder text) {
        switch (random.nextInt(10)) {
            case 0 -> text.appendCodePoint(point(0x10FFFF));
            case 1 -> text.appendCodePoint(point(0xFFFF));
            case 2 -> {
                text.append('e');
                for (int i = random.nextInt(1, 4); i > 0; i--) {
                    text.appendCodePoint(mark());
                }
            }
            case 3 -> text.append(any(SEQUENCES));
            case 4 -> text.append(Integer.toString(random.nextInt()));
            case 5 -> text.repeat(point(0x2FFF), random.nextInt(2, 9));
            case 6 -> text.append(any(words)).append(any(words)).append(any(words));
            case 7 -> text.append(any(List.of(" ", "  ", "\n", "\u00A0", "\u3000", "\t ")));
            default -> text.append(any(words));
        }
    }

    /** Any code point but surrogates and the few that Unicode 17 has made letters or numbers of: libraries differ on them. */
    private int point(int limit) {
        while (true) {
            int point = random.nextInt(limit + 1);
            boolean surrogate = point >= 0xD800 && point <= 0xDFFF;
            boolean recent = Character.getType(point) == Character.UNASSIGNED && recent(point);
            if (!surrogate && !recent) {
                return point;
            }
        }
    }

    private static boolean recent(int point) {
        return (point >= 0xA7C0 && point <= 0xA7FF) || (point >= 0x11D00 && point <= 0x16FFF);
    }

    private int mark() {
        while (true) {
            int point = point(0x1F000);
            if (Character.getType(point) == Character.NON_SPACING_MARK) {
                return point;
            }
        }
    }
}
