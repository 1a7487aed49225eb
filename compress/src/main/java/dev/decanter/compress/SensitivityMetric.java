package dev.decanter.compress;

import java.util.Locale;

/** By what layers are ranked when the ratio is below 1: those with the highest scores keep the backup mode. */
public enum SensitivityMetric {
    /** The inverse of the error of 8-bit quantization; needs no data. */
    WEIGHT_QUANTIZATION_ERROR,
    /** The norm of the error of 8-bit quantization times the trace of the input's Hessian. */
    HESSIAN_INPUT_ACTIVATION,
    /** The inverse error times the mean over channels of the input's variance over tokens. */
    MEAN_ACTIVATION_VARIANCE,
    /** The inverse error times the largest variance of a channel of the input over tokens. */
    MAX_ACTIVATION_VARIANCE,
    /** The inverse error times the mean over channels of the input's largest magnitude. */
    MEAN_ACTIVATION_MAGNITUDE;

    /** Whether a calibration dataset is needed. */
    public boolean needsData() {
        return this != WEIGHT_QUANTIZATION_ERROR;
    }

    /** NNCF's name, for example {@code max_activation_variance}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
