package dev.decanter.ir;

/** Text from files, made fit for one line of an error message. */
final class Text {
    private static final int LIMIT = 80;

    private Text() {}

    static String shorten(String text) {
        String line = text.replaceAll("\\p{Cntrl}+", " ");
        return line.length() <= LIMIT ? line : line.substring(0, LIMIT) + "… (" + text.length() + " characters)";
    }
}
