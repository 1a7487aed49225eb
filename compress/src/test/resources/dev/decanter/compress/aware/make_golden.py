"""Makes golden.json with NNCF's own code (3.1, numpy tensors; neither OpenVINO nor torch is needed).

usage: python3 make_golden.py golden.json FOLDER_OF_NNCF_SOURCES...

Weights and activations come from a generator that the test repeats, so only results are stored.
"""
import json
import sys
from types import SimpleNamespace

sys.path[:0] = sys.argv[2:]
import numpy as np
from nncf import CompressWeightsMode as Mode
from nncf.common.tensor_statistics.statistics import WCTensorStatistic
from nncf.quantization.advanced_parameters import AdvancedLoraCorrectionParameters
from nncf.quantization.algorithms.weight_compression.awq import AWQ
from nncf.quantization.algorithms.weight_compression.config import WeightCompressionConfig
from nncf.quantization.algorithms.weight_compression.gptq import GPTQ
from nncf.quantization.algorithms.weight_compression.lora_correction import LoraCorrectionAlgorithm
from nncf.quantization.algorithms.weight_compression.scale_estimation import ScaleEstimation
from nncf.quantization.algorithms.weight_compression.weight_lowering import compress_weight
from nncf.tensor import Tensor


class Numbers:
    """A linear congruential generator; normal-like numbers are sums of four, exact in f64."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) / 16777216.0 - 0.5

    def normal(self, *shape):
        count = int(np.prod(shape))
        flat = [self.uniform() + self.uniform() + self.uniform() + self.uniform() for _ in range(count)]
        return np.array(flat, dtype=np.float64).astype(np.float32).reshape(shape)


def weights(seed, rows, columns):
    return Numbers(seed).normal(rows, columns) * np.float32(0.125)


def channel_sizes(columns):
    """Powers of two, so that products are exact: some channels are far larger than the others."""
    return np.array([32.0 if c % 37 == 5 else 4.0 if c % 11 == 3 else 1.0 for c in range(columns)], dtype=np.float32)


def tokens(seed, samples, columns, dead=()):
    """One [1, T, I] tensor for each sample, T from 3 to 7; channels are correlated in pairs."""
    numbers = Numbers(seed)
    result = []
    for s in range(samples):
        x = numbers.normal(1, 3 + s * 3 % 5, columns) * channel_sizes(columns)
        x[..., 1::2] += x[..., 0::2]
        x[..., list(dead)] = 0
        result.append(x)
    return result


def statistics(samples):
    return WCTensorStatistic(
        [Tensor(x.reshape(-1, x.shape[-1]).astype(np.float64).mean(axis=0).astype(np.float32)) for x in samples],
        [tuple(x.shape) for x in samples],
    )


def floats(array):
    return [float("%.7g" % v) for v in np.asarray(array).ravel()]


def ints(array):
    return [int(v) for v in np.asarray(array).ravel()]


def params(config):
    attributes = SimpleNamespace(
        constant_attributes={1: {"transpose": True}}, input_attributes={"transpose": False}
    )
    node = SimpleNamespace(metatype="MatMul", layer_attributes=attributes, node_name="node")
    return SimpleNamespace(
        compression_config=config, reduction_axes=(1,), node_with_weight=node, weight_port_id=1, weight_name="w"
    )


def quantized(weight, config, scale=None, zero_point=None):
    from nncf.quantization.algorithms.weight_compression.parameters import CompressedWeight

    given = None if scale is None else CompressedWeight(None, scale, zero_point, None)
    return compress_weight(Tensor(weight), (1,), config, given)


def awq(mode, group, samples, subset, producer):
    rows, columns = 24, 192
    config = WeightCompressionConfig(mode, group)
    weight = weights(1, rows, columns)
    previous, previous_statistics = None, None
    if producer:
        previous = Tensor(weights(2, columns, 40) * np.float32(producer))
        previous_statistics = statistics(tokens(3, samples, 40))
    algo = AWQ(subset_size=subset, percent_to_apply=0.02)
    scale = algo._data_aware_step(
        params(config), Tensor(weight), statistics(tokens(4, samples, columns)), -1, previous, previous_statistics
    )
    return {
        "mode": mode.value, "group": group, "samples": samples, "subset": subset, "producer": producer,
        "factors": {i: f for i, f in enumerate(floats(scale.data)) if f != 1},
    }


def awq_data_free():
    return floats(AWQ()._data_free_step(Tensor(weights(1, 24, 192)), 0).data)


def scale_estimation(mode, group, samples, subset, penalty):
    rows, columns = 12, 128
    config = WeightCompressionConfig(mode, group)
    scale, zero_point = ScaleEstimation.calculate_quantization_params(
        statistics(tokens(6, samples, columns)), Tensor(weights(5, rows, columns)), (1,), config, -1, subset, 5, 5, penalty
    )
    return {
        "mode": mode.value, "group": group, "samples": samples, "subset": subset, "penalty": penalty,
        "scales": floats(scale.data), "zeroPoints": [] if zero_point is None else ints(zero_point.data),
    }


def gptq(mode, group, columns, block, estimate, dead):
    rows = 8
    config = WeightCompressionConfig(mode, group)
    inputs = [Tensor(x) for x in tokens(8, 40, columns, dead)]
    algo = GPTQ(0.1, block, 128, scale_estimation=estimate)
    algo._backend_entity = SimpleNamespace(matmul_metatypes=["MatMul"], convolution_metatypes=[])
    wc = params(config)
    weight = weights(7, rows, columns)
    hessian = algo._calculate_hessian(wc.node_with_weight, inputs)[0]
    diagonal = floats(np.diag(hessian.data))
    result, scale, zero_point = algo._quantize_weights(wc, hessian, Tensor(weight), inputs)
    codes = quantized(result.data, config, scale, zero_point)
    return {
        "mode": mode.value, "group": group, "columns": columns, "block": block, "estimate": estimate,
        "dead": list(dead), "diagonal": diagonal, "scales": floats(scale.data),
        "zeroPoints": [] if zero_point is None else ints(zero_point.data),
        "dequantized": [] if config.is_integer else floats(result.data),
        "integers": ints(codes.tensor.data) if config.is_integer else [],
    }


def lora(mode, group, rows, columns, iterations, regularized):
    config = WeightCompressionConfig(mode, group)
    weight = weights(9, rows, columns)
    settings = AdvancedLoraCorrectionParameters(4, iterations, regularized, 8, True)
    a, b, _ = LoraCorrectionAlgorithm.calculate_low_rank_matrices(
        Tensor(weight), quantized(weight, config), config, (1,), settings, statistics(tokens(10, 12, columns))
    )
    return {
        "mode": mode.value, "group": group, "rows": rows, "columns": columns, "iterations": iterations,
        "regularized": regularized, "product": floats(b.data @ a.data),
    }


FOUR_BITS = [Mode.INT4_SYM, Mode.INT4_ASYM, Mode.NF4, Mode.FP4]
golden = {
    "awq": [awq(m, g, 12, 32, 0) for m in FOUR_BITS for g in (32, 64, -1)]
    + [awq(Mode.MXFP4, 32, 12, 32, 0), awq(Mode.INT4_SYM, 64, 21, 5, 0)]
    + [awq(m, 64, 12, 32, p) for m in (Mode.INT4_SYM, Mode.INT4_ASYM) for p in (1.0, 256.0, 2048.0)],
    "awqDataFree": awq_data_free(),
    "scaleEstimation": [scale_estimation(m, g, 12, 64, -1) for m in FOUR_BITS for g in (32, 128, -1)]
    + [scale_estimation(Mode.INT4_ASYM, 32, 23, 5, -1), scale_estimation(Mode.INT4_SYM, 32, 12, 64, 0.5)],
    "gptq": [gptq(m, g, 160, 64, False, ()) for m in FOUR_BITS for g in (32, 80, -1)]
    + [gptq(m, 16, 144, 128, False, (7, 50)) for m in (Mode.INT4_SYM, Mode.INT4_ASYM)]
    + [gptq(m, g, 160, 64, True, ()) for m in (Mode.INT4_SYM, Mode.INT4_ASYM) for g in (32, -1)]
    + [gptq(Mode.FP8_E4M3, 32, 160, 64, False, ())],
    "lora": [lora(m, g, 20, 64, 3, True) for m in FOUR_BITS[:3] for g in (32, -1)]
    + [lora(Mode.INT4_ASYM, 32, 40, 32, 1, True), lora(Mode.INT4_ASYM, 32, 20, 64, 3, False)],
}
with open(sys.argv[1], "w") as target:
    json.dump(golden, target, separators=(",", ":"))
    target.write("\n")
