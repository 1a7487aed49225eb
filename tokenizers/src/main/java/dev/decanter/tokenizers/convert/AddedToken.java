package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.ops.SpecialTokens;

/**
 * An entry of {@code added_tokens}.
 *
 * @param id its id
 * @param content its text
 * @param special whether decoding leaves it out
 * @param normalized whether it is found in normalized text rather than before normalization
 * @param stripLeft whether spaces before it vanish
 * @param stripRight whether spaces after it vanish
 * @param singleWord whether it counts only as a word of its own
 */
record AddedToken(
        int id,
        String content,
        boolean special,
        boolean normalized,
        boolean stripLeft,
        boolean stripRight,
        boolean singleWord) {
    static AddedToken parse(JsonAt json) {
        boolean special = json.at("special").flag(false);
        AddedToken token = new AddedToken(
                json.at("id").integer(),
                json.at("content").text(),
                special,
                json.at("normalized").flag(!special),
                json.at("lstrip").flag(false),
                json.at("rstrip").flag(false),
                json.at("single_word").flag(false));
        if (token.id < 0) {
            throw json.at("id").error("negative id " + token.id);
        }
        return token;
    }

    AddedToken withContent(String newContent) {
        return new AddedToken(id, newContent, special, normalized, stripLeft, stripRight, singleWord);
    }

    AddedToken withId(int newId) {
        return new AddedToken(newId, content, special, normalized, stripLeft, stripRight, singleWord);
    }

    SpecialTokens.Token toSplit() {
        return new SpecialTokens.Token(content, stripLeft, stripRight, singleWord);
    }
}
