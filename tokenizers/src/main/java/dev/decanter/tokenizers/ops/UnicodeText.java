package dev.decanter.tokenizers.ops;

import java.text.Normalizer;
import java.util.Locale;

/**
 * Rewriting by Unicode's tables, as the {@code tokenizers} library does it. Its normalization forms are those of Unicode
 * 9.0, lower case is that of Unicode 17.
 */
public final class UnicodeText {
    /**
     * What later versions than Unicode 9.0 gave a combining class, a decomposition or a part in a composition, up to that
     * of the JDK. To the older tables these are characters that nothing happens to; Unicode's stability policy has it
     * that everything else is as it was.
     */
    private static final CodePoints LATER = CodePoints.of("7FD 897-89F 8CA-8D3 9FE C3C D3B-D3C EBA 1715 1ABF-1ACE"
            + " 1DF6-1DFA 32FF A7F2-A7F4 A82C AB69 105C9 105D2 105DA 105E4 10781-10785 10787-107B0 107B2-107BA"
            + " 10D24-10D27 10D69-10D6D 10EAB-10EAC 10EFD-10EFF 10F46-10F50 10F82-10F85 11070 1133B 11382-11385 1138B"
            + " 1138E 11390-11391 113B8 113BB 113C2 113C5 113C7-113C9 113CE-113D0 1145E 11839-1183A 11930 11935 11938"
            + " 1193D-1193E 11943 119E0 11A34 11A47 11A99 11D42 11D44-11D45 11D97 11F41-11F42 1611E-16129 1612F"
            + " 16D63-16D6A 16FF0-16FF1 1CCD6-1CCF9 1E030-1E06D 1E08F 1E130-1E136 1E2AE 1E2EC-1E2EF 1E4EC-1E4EF"
            + " 1E5EE-1E5EF 1F16C 1FBF0-1FBF9");

    private UnicodeText() {}

    /**
     * A normalization form.
     *
     * @param form {@code nfc}, {@code nfd}, {@code nfkc} or {@code nfkd}, in any case
     * @throws IllegalArgumentException for another form
     */
    public static String normalize(String text, String form) {
        return normalize(text, Normalizer.Form.valueOf(form.toUpperCase(Locale.ROOT)));
    }

    static String normalize(String text, Normalizer.Form form) {
        StringBuilder out = new StringBuilder();
        int done = 0;
        for (int i = 0; i < text.length(); ) {
            int point = text.codePointAt(i);
            int next = i + Character.charCount(point);
            if (point >= 0x7FD && LATER.contains(point)) {
                out.append(Normalizer.normalize(text.substring(done, i), form)).appendCodePoint(point);
                done = next;
            }
            i = next;
        }
        return done == 0
                ? Normalizer.normalize(text, form)
                : out.append(Normalizer.normalize(text.substring(done), form)).toString();
    }

    /** Lower case of each character by itself, as Rust's {@code char::to_lowercase}. */
    public static String lowerCase(String text) {
        StringBuilder lower = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); ) {
            int point = text.codePointAt(i);
            if (point == 0x130) {
                lower.append("i\u0307");
            } else {
                lower.appendCodePoint(lowerCase(point));
            }
            i += Character.charCount(point);
        }
        return lower.toString();
    }

    private static int lowerCase(int point) {
        // Letters of Unicode 17, which JDK 25 does not know.
        if (point == 0xA7CE || point == 0xA7D2 || point == 0xA7D4) {
            return point + 1;
        }
        return point >= 0x16EA0 && point <= 0x16EB8 ? point + 0x1B : Character.toLowerCase(point);
    }

    /** What SentencePiece's "nmt" rules add to a form: controls vanish, odd spaces become spaces. */
    public static String nmt(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(point -> {
            boolean control = (point >= 0x01 && point <= 0x08)
                    || point == 0x0B
                    || (point >= 0x0E && point <= 0x1F)
                    || point == 0x7F
                    || point == 0x8F
                    || point == 0x9F;
            boolean space = point == 0x09
                    || point == 0x0A
                    || point == 0x0C
                    || point == 0x0D
                    || point == 0x1680
                    || (point >= 0x200B && point <= 0x200F)
                    || point == 0x2028
                    || point == 0x2029
                    || point == 0x2581
                    || point == 0xFEFF
                    || point == 0xFFFD;
            if (!control) {
                out.appendCodePoint(space ? ' ' : point);
            }
        });
        return out.toString();
    }
}
