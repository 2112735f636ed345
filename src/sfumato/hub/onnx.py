"""A model for other languages: the network as an ONNX graph, and its walk as data beside it."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import logging
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sfumato.diffusion import Level, Parameterization
from sfumato.diffusion.parameterizations import c_noise
from sfumato.diffusion.schedules import schedule_words
from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.hub.codec import Codec
from sfumato.hub.config import SamplingConfig
from sfumato.hub.model import Model
from sfumato.hub.prompts import TOKENIZER
from sfumato.hub.settings import planned
from sfumato.nets.autoencoder import Autoencoder
from sfumato.nets.conditions import guidance_range
from sfumato.sampling.program import Ask, Clip, Draw, Program, trace

FORMAT, CLIPPED = 1, 2  # of walk.json, as docs/walk.md describes it; with lines that clip


def network_onnx(model: Model, half: bool = False) -> bytes:
    """The network as an ONNX graph: `x` (batch, *shape), `c_noise` (batch,) → `answer`.

    With classes it takes `label` (batch,) too, with prompts `text` (batch, length), or (batch, length, features) where
    a frozen encoder reads them, and each other condition by its name, where NaN is none. Any batch size. `half`
    keeps the weights as float16 in the file, half the bytes; it still computes in float32. Raises SfumatoError without
    the packages onnx and onnxscript.
    """
    count, device = 2, model.device
    inputs: dict[str, Tensor | None] = {
        "x": torch.zeros(count, *model.config.shape, device=device),
        "c_noise": torch.zeros(count, device=device),
    }
    if model.config.classes:
        inputs["label"] = torch.zeros(count, dtype=torch.int64, device=device)
    if model.text_conditional:
        inputs.setdefault("label", None)
        inputs["text"] = model.tokens([""] * count).to(device)
    batch = torch.export.Dim("batch", min=1, max=65_536)
    net = model.denoiser.net.eval()
    shapes: tuple[Any, ...] = tuple(None if value is None else {0: batch} for value in inputs.values())
    for one in model.config.conditions:
        inputs[one.name] = torch.zeros(count, *model.config.shape_of(one), device=device)
    if [*inputs] != [*inspect.signature(net.forward).parameters][: len(inputs)]:
        inputs = {name: value for name, value in inputs.items() if value is not None}
        net = _InOrder(net, [*inputs][2:])
        shapes = ({0: batch}, {0: batch}, ({0: batch},) * (len(inputs) - 2))
    return graph_onnx(net, inputs, shapes, ["answer"], half)


class _InOrder(nn.Module):
    """A network that takes its conditions in their order, as exporters name inputs."""

    def __init__(self, net: nn.Module, names: list[str]) -> None:
        super().__init__()
        self.net = net
        self.names = names

    def forward(self, x: Tensor, c_noise: Tensor, *conditions: Tensor) -> Tensor:
        answer: Tensor = self.net(x, c_noise, **dict(zip(self.names, conditions, strict=True)))
        return answer


def graph_onnx(
    module: nn.Module, inputs: Mapping[str, Tensor | None], dynamic: Any, outputs: list[str], half: bool = False
) -> bytes:
    """Any `module` of tensors as an ONNX graph with these names; `dynamic` as torch.onnx.export's dynamic_shapes.

    An input that is None is left out.
    """
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise SfumatoError(
            "writing ONNX needs the packages onnx and onnxscript: pip install 'sfumato[onnx]'."
        ) from error
    quiet = logging.getLogger("torch.onnx")
    before = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            made = torch.onnx.export(
                module,
                tuple(inputs.values()),
                dynamo=True,
                dynamic_shapes=dynamic,
                input_names=[name for name, value in inputs.items() if value is not None],
                output_names=outputs,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise SfumatoError(
            "PyTorch can't write this network as ONNX; export the model as a folder, `sfumato export --to diffusers`."
        ) from error
    finally:
        quiet.setLevel(before)
    assert made is not None
    content: bytes = (_half(made.model_proto) if half else made.model_proto).SerializeToString()
    return content


def _half(proto: Any) -> Any:
    """The graph with its larger weights kept as float16, each cast up before it is used."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in proto.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size > 64:
            name = weight.name
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend(casts + nodes)
    return proto


def walk(sampling: SamplingConfig, parameterization: Parameterization, told: bool = False) -> dict[str, Any]:
    """The sampler's program as JSON-ready data, each question with what its level means to the network.

    A network that is `told` the weight of guidance is asked once a step. docs/walk.md is the format. Raises
    SfumatoError for what can't be said in it.
    """
    if sampling.first != "network":
        raise SfumatoError(f"a walk begins with the network, not with a first step '{sampling.first}'; leave it out.")
    if sampling.rule != "plain" or sampling.interval is not None or sampling.threshold == "dynamic":
        raise SfumatoError(
            "only plain guidance is written as a walk; leave the rule, the interval and the dynamic threshold out."
        )
    program = trace(*planned(sampling), 1.0 if told else sampling.guidance, sampling.threshold == "static")
    shown = asdict(sampling) | {"schedule": schedule_words(sampling.schedule)}
    return {"sampling": shown, **program_data(program, parameterization)}


def program_data(program: Program, parameterization: Parameterization | None) -> dict[str, Any]:
    """A program as JSON-ready data; questions carry their level and, for a network, its four numbers."""
    lines: list[dict[str, Any]] = []
    for line in program.lines:
        if isinstance(line, Draw):
            lines.append({"draw": True})
        elif isinstance(line, Ask):
            level = Level.of(line.alpha, line.sigma)
            asked: dict[str, Any] = {"null": True} if line.null else {}
            asked |= {"alpha": line.alpha, "sigma": line.sigma}
            if parameterization is not None:
                c_in, c_skip, c_out = (float(c) for c in parameterization.in_skip_out(level))
                asked |= {"c_in": c_in, "c_skip": c_skip, "c_out": c_out, "c_noise": float(c_noise(level))}
            lines.append({"ask": [list(term) for term in line.terms], **asked})
        else:
            name = "clip" if isinstance(line, Clip) else "arrive"
            lines.append({name: [list(term) for term in line.terms]})
    return {"scale": program.scale, "calls": program.calls, "lines": lines}


def _prompt(model: Model) -> dict[str, Any]:
    """How an importer comes from words to the network's `text`."""
    prompt: dict[str, Any] = {"tokens": model.tokens([""]).shape[1]}
    if model.encoder is None:
        return {**prompt, "tokenizer": TOKENIZER}
    encoder = model.encoder
    return {**prompt, "encoder": encoder.name, "weights": encoder.expected, "features": encoder.features}


def _codec(codec: Codec) -> dict[str, Any]:
    """How an importer comes from where the walk ends to a picture, and from a picture to where one may begin."""
    said = {"picture": list(codec.config.picture), "encoder": "encoder.onnx", "decoder": "decoder.onnx"}
    return {**said, "temporal": True} if codec.config.net.temporal else said


def export_onnx(model: Model, folder: Path, sampling: SamplingConfig | None = None) -> list[Path]:
    """Write `network.onnx` and `walk.json` into `folder`, for prompts `tokenizer.json`; returns their paths.

    Of a model of latents, `encoder.onnx` and `decoder.onnx` too.

    Raises SfumatoError, before anything is written, where the walk can't be said (see docs/walk.md).
    """
    sampling = sampling or model.config.sampling
    if sampling.frames not in (None, model.config.shape[0]):
        raise SfumatoError(
            f"a clip of {sampling.frames} frames comes in windows, which no walk.json says; export those of "
            f"{model.config.shape[0]}, as in training."
        )
    if sampling.anchors is not None and sampling.anchors < model.config.shape[0]:
        raise SfumatoError(
            f"{model.source or 'the model'} generates frames that lie far apart first, which no walk.json says: it "
            "can't be exported."
        )
    if sampling.guidance != 1 and not (model.config.classes or model.text_conditional or model.config.conditions):
        raise SfumatoError(
            f"{model.source or 'the model'} takes no condition that guidance could push to; leave it out."
        )
    described = {
        "format": CLIPPED if sampling.threshold == "static" else FORMAT,
        "sfumato": version("sfumato"),
        "shape": list(model.config.shape),
        "classes": list(model.config.classes),
        **({"prompt": _prompt(model)} if model.text_conditional else {}),
        **({"conditions": [asdict(one) for one in model.config.conditions]} if model.config.conditions else {}),
        **({"codec": _codec(model.codec)} if model.codec is not None else {}),
        "weights": model.weights_hash,
        **walk(sampling, model.denoiser.parameterization, guidance_range(model.config.conditions) is not None),
    }
    try:
        content = json.dumps(described, allow_nan=False)
    except ValueError as error:
        raise SfumatoError(
            f"the walk of {sampling.sampler} on the grid {sampling.grid} and the schedule "
            f"{schedule_words(sampling.schedule)} holds numbers that are not finite, and can't be written; "
            "choose another grid or schedule."
        ) from error
    files = {"network.onnx": network_onnx(model), "walk.json": (content + "\n").encode()}
    if model.codec is not None:
        files |= {f"{name}.onnx": graph for name, graph in codec_onnx(model.codec).items()}
    if model.tokenizer is not None:
        files[TOKENIZER] = model.tokenizer.to_str().encode()
    for name, written in files.items():
        replace_file(folder / name, written)
    return [folder / name for name in files]


def codec_onnx(codec: Codec, half: bool = False) -> dict[str, bytes]:
    """The "encoder", `picture` (batch, *picture) → `latents`, and the "decoder", back, as ONNX graphs of any batch.

    To a decoder that looks back, a batch is the frames of one clip in their order.
    """
    config, batch = codec.config, {0: torch.export.Dim("batch", min=1, max=65_536)}
    picture, latents = (torch.zeros(2, *shape, device=codec.device) for shape in (config.picture, config.shape))
    decoder = _Decoder(codec.net, (config.picture[1], config.picture[2]))
    return {
        "encoder": graph_onnx(_Encoder(codec.net), {"picture": picture}, (batch,), ["latents"], half),
        "decoder": graph_onnx(decoder, {"latents": latents}, (batch,), ["picture"], half),
    }


class _Encoder(nn.Module):
    def __init__(self, net: Autoencoder) -> None:
        super().__init__()
        self.net = net

    def forward(self, picture: Tensor) -> Tensor:
        return self.net.encode(picture)


class _Decoder(nn.Module):
    def __init__(self, net: Autoencoder, size: tuple[int, int]) -> None:
        super().__init__()
        self.net, self.size = net, size

    def forward(self, latents: Tensor) -> Tensor:
        return self.net.decode(latents, self.size, None if self.net.config.temporal else 1)
