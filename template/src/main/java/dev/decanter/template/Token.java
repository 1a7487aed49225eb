package dev.decanter.template;

/**
 * A piece of a template.
 *
 * @param text of a string its value, else as it stands
 */
record Token(Kind kind, String text, int line) {
    enum Kind {
        DATA("template data"),
        BLOCK_BEGIN("begin of statement block"),
        BLOCK_END("end of statement block"),
        VARIABLE_BEGIN("begin of print statement"),
        VARIABLE_END("end of print statement"),
        NAME("name"),
        STRING("string"),
        INTEGER("integer"),
        FLOAT("float"),
        OPERATOR("operator"),
        END("end of template");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        String words() {
            return words;
        }
    }

    boolean is(Kind wanted, String wantedText) {
        return kind == wanted && text.equals(wantedText);
    }

    boolean isOperator(String wanted) {
        return is(Kind.OPERATOR, wanted);
    }

    boolean isName(String wanted) {
        return is(Kind.NAME, wanted);
    }

    /** As messages call it. */
    String described() {
        return switch (kind) {
            case NAME, OPERATOR -> text;
            default -> kind.words();
        };
    }
}
