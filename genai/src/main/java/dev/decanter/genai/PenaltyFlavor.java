package dev.decanter.genai;

/** How presence and frequency penalty change a logit. */
public enum PenaltyFlavor {
    /** As OpenVINO GenAI: taken off a logit of 0 or more, added to a negative one. */
    OPENVINO,
    /** As OpenAI's API defines it: taken off every logit. */
    OPENAI
}
