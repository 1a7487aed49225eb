package dev.decanter.ir.file;

import dev.decanter.ir.IrException;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.regex.Pattern;

/** Writes XML as OpenVINO's writer (pugixml) lays it out: a tab for each level, {@code <empty />}. */
final class XmlOutput {
    private static final Pattern NAME = Pattern.compile("[\\p{L}_:][\\p{L}\\p{N}_:.\\-·]*");

    private final Writer out;
    private final Deque<String> open = new ArrayDeque<>();
    private boolean tagOpen;

    XmlOutput(Writer out) throws IOException {
        this.out = out;
        out.write("<?xml version=\"1.0\"?>\n");
    }

    void start(String element) throws IOException {
        closeTag();
        indent();
        checkName(element);
        out.write('<');
        out.write(element);
        open.push(element);
        tagOpen = true;
    }

    void attribute(String name, String value) throws IOException {
        checkName(name);
        out.write(' ');
        out.write(name);
        out.write("=\"");
        escape(value);
        out.write('"');
    }

    void attribute(String name, long value) throws IOException {
        attribute(name, Long.toString(value));
    }

    void attributes(Map<String, String> attributes) throws IOException {
        for (Map.Entry<String, String> entry : attributes.entrySet()) {
            attribute(entry.getKey(), entry.getValue());
        }
    }

    void end() throws IOException {
        String element = open.pop();
        if (tagOpen) {
            out.write(" />\n");
            tagOpen = false;
        } else {
            indent();
            out.write("</" + element + ">\n");
        }
    }

    /** An element with text only. */
    void text(String element, String text) throws IOException {
        closeTag();
        indent();
        out.write('<' + element + '>');
        escape(text);
        out.write("</" + element + ">\n");
    }

    /** An element without anything inside. */
    void empty(String element, Map<String, String> attributes) throws IOException {
        start(element);
        attributes(attributes);
        end();
    }

    private void closeTag() throws IOException {
        if (tagOpen) {
            out.write(">\n");
            tagOpen = false;
        }
    }

    private void indent() throws IOException {
        for (int i = 0; i < open.size(); i++) {
            out.write('\t');
        }
    }

    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    private static void checkName(String name) {
        if (!isName(name)) {
            throw new IrException(Limits.quote(name) + " cannot be written as the name of an XML element or attribute");
        }
    }

    private void escape(String text) throws IOException {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.write("&amp;");
                case '<' -> out.write("&lt;");
                case '"' -> out.write("&quot;");
                // a parser would make spaces of them
                case '\t' -> out.write("&#09;");
                case '\n' -> out.write("&#10;");
                case '\r' -> out.write("&#13;");
                default -> {
                    boolean pair = Character.isHighSurrogate(c)
                            && i + 1 < text.length()
                            && Character.isLowSurrogate(text.charAt(i + 1));
                    if (pair) {
                        out.write(c);
                        i++;
                        out.write(text.charAt(i));
                    } else if (c < ' ' || Character.isSurrogate(c) || c >= '\uFFFE') {
                        throw new IrException("the text " + Limits.quote(text) + " has character " + (int) c
                                + ", which XML cannot hold");
                    } else {
                        out.write(c);
                    }
                }
            }
        }
    }
}
