package dev.decanter.tokenizers.convert;

/**
 * Patterns of {@code tokenizer.json} are Oniguruma's (Ruby syntax), those of IR files PCRE2's. The two agree but for what
 * this class rewrites: {@code ^} and {@code $} at every line, {@code (?m)} for a dot that matches newlines, {@code \h} for a
 * hexadecimal digit, and sets within sets.
 */
final class OnigurumaPattern {
    private final JsonAt source;
    private final String pattern;
    private final StringBuilder out = new StringBuilder();
    private boolean lines;
    private int at;

    private OnigurumaPattern(JsonAt source) {
        this.source = source;
        this.pattern = source.text();
    }

    static String toPcre(JsonAt source) {
        return new OnigurumaPattern(source).translate();
    }

    private String translate() {
        while (at < pattern.length()) {
            char c = pattern.charAt(at);
            if (c == '\\') {
                escape(false);
            } else if (c == '[') {
                out.append('[');
                at++;
                set(true);
                out.append(']');
            } else if (pattern.startsWith("(?", at)) {
                group();
            } else {
                lines |= c == '^' || c == '$';
                out.append(c);
                at++;
            }
        }
        return lines ? "(?m)" + out : out.toString();
    }

    private void escape(boolean inSet) {
        if (at + 1 >= pattern.length()) {
            throw source.error("pattern ends with \\");
        }
        char c = pattern.charAt(at + 1);
        if (c == 'h') {
            out.append(inSet ? "0-9a-fA-F" : "[0-9a-fA-F]");
        } else if (c == 'H' && !inSet) {
            out.append("[^0-9a-fA-F]");
        } else {
            out.append('\\').append(c);
        }
        at += 2;
    }

    /** Options: Ruby's m is PCRE2's s. */
    private void group() {
        out.append("(?");
        at += 2;
        int options = at;
        while (options < pattern.length() && "imx-".indexOf(pattern.charAt(options)) >= 0) {
            options++;
        }
        boolean isOptions = options > at
                && options < pattern.length()
                && (pattern.charAt(options) == ':' || pattern.charAt(options) == ')');
        if (isOptions) {
            out.append(pattern.substring(at, options).replace('m', 's'));
            at = options;
        }
    }

    /** From after {@code [} to after {@code ]}; an inner set without negation is written into the outer one. */
    private void set(boolean outer) {
        if (pattern.startsWith("^", at)) {
            if (!outer) {
                throw source.error("a negated set within a set is not supported: " + pattern);
            }
            out.append('^');
            at++;
        }
        boolean first = true;
        while (at < pattern.length() && (first || pattern.charAt(at) != ']')) {
            char c = pattern.charAt(at);
            if (c == '\\') {
                escape(true);
            } else if (pattern.startsWith("[:", at) && pattern.indexOf(":]", at) > 0) {
                int end = pattern.indexOf(":]", at) + 2;
                out.append(pattern, at, end);
                at = end;
            } else if (c == '[') {
                at++;
                set(false);
            } else if (pattern.startsWith("&&", at)) {
                throw source.error("an intersection of sets is not supported: " + pattern);
            } else {
                out.append(c == ']' ? "\\]" : String.valueOf(c));
                at++;
            }
            first = false;
        }
        if (at >= pattern.length()) {
            throw source.error("[ without ]: " + pattern);
        }
        at++;
    }
}
