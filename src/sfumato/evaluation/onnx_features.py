"""Features of a network that the user has as an ONNX file: Inception, DINOv2, CLIP, or one of their own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.strict import parse

SETTINGS = "preprocessor_config.json"  # Hugging Face's: the size, the mean and the deviation that a network expects
FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


@dataclass(frozen=True)
class Network:
    """`network(x)` for pictures `(batch, 1 or 3, height, width)` in [−1, 1]: features `(batch, dimension)`.

    `size` is what pictures are resized to (bicubic, antialiased); with None, the network itself does. Then `mean` and
    `deviation` of [0, 1] are taken out; without any the network sees [−1, 1], or 0 to 255 where it takes whole numbers.
    `batch` is 0 where any will do.
    """

    session: Any
    hash: str
    size: tuple[int, int] | None
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    batch: int

    @property
    def resize(self) -> str:
        """All that is done to a picture before the network sees it."""
        if self.size is None:
            return "the network's own, grey as equal colours"
        about = f"{self.size[0]}×{self.size[1]} bicubic antialiased, grey as equal colours"
        return f"{about}, less {self.mean} over {self.deviation}" if self.mean else about

    def __call__(self, x: Tensor) -> Tensor:
        entry = self.session.get_inputs()[0]
        x = x.float().cpu().clamp(-1, 1).expand(-1, 3, -1, -1)
        if self.size is not None and x.shape[2:] != self.size:
            x = F.interpolate(x, self.size, mode="bicubic", antialias=True, align_corners=False).clamp(-1, 1)
        if entry.type == "tensor(uint8)":
            pixels = ((x + 1) * 127.5).round().numpy().astype(np.uint8)
        else:
            if self.mean:
                mean, deviation = (torch.tensor(v)[:, None, None] for v in (self.mean, self.deviation))
                x = ((x + 1) / 2 - mean) / deviation
            pixels = x.numpy().astype(FLOATS[entry.type])
        found = []
        for first in range(0, len(pixels), self.batch or len(pixels)):
            part = pixels[first : first + (self.batch or len(pixels))]
            missing = max(0, self.batch - len(part))
            answers = self.session.run(None, {entry.name: np.pad(part, ((0, missing), (0, 0), (0, 0), (0, 0)))})
            found.append(_features(answers)[: len(part)])
        return torch.from_numpy(np.concatenate(found)).float()


def open_network(path: Path) -> Network:
    """The network in an ONNX file, which is a graph and its weights: nothing in it is run but arithmetic.

    It takes pictures `(batch, 3, height, width)`. Of what it answers, the first vector `(batch, dimension)` is taken;
    or of vectors for parts of the picture the first, as transformers have it; or of maps the mean. One that takes whole
    numbers and pictures of any size resizes them itself, as papers' Inception does. Else the size is the file's, or
    with the mean and the deviation that of a preprocessor_config.json beside it or in the folder above, as it comes
    from the Hugging Face Hub. Raises SfumatoError where the file is no such network, or onnxruntime isn't installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise SfumatoError("ONNX files are run by a package of its own: pip install 'sfumato[features]'.") from error
    try:
        content = path.read_bytes()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 3
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise SfumatoError(f"there is no file {path} to take features with.") from error
    except Exception as error:  # the runtime raises nothing narrower
        raise SfumatoError(f"{path} is no ONNX network that can be run; export it again.") from error
    entries = session.get_inputs()
    shape = entries[0].shape if entries else []
    if len(entries) != 1 or len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3):
        raise SfumatoError(
            f"{path} takes {[e.shape for e in entries]}; features need one input (batch, 3, height, width)."
        )
    if entries[0].type not in ("tensor(uint8)", *FLOATS):
        raise SfumatoError(f"{path} takes values of {entries[0].type}; features need floats or uint8.")
    settings = _settings(path)
    sides = [side if isinstance(side, int) else given for side, given in zip(shape[2:], _size(settings), strict=True)]
    size = None if entries[0].type == "tensor(uint8)" and not any(sides) else (sides[0], sides[1])
    if size is not None and not all(size):
        raise SfumatoError(f"{path} doesn't say how large its pictures are; put its {SETTINGS} beside it.")
    mean, deviation = (tuple(settings.get(name) or ()) for name in ("image_mean", "image_std"))
    if settings.get("do_normalize") is False:
        mean, deviation = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    hashed = hashlib.sha256(content)
    for weights in sorted(path.parent.glob(f"{path.name}[._]data")):  # large networks keep theirs beside
        hashed.update(weights.read_bytes())
    fixed = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else 0
    return Network(session, hashed.hexdigest(), size, mean, deviation, fixed)


def _settings(path: Path) -> dict[str, Any]:
    for folder in (path.parent, path.parent.parent):
        try:
            found = parse((folder / SETTINGS).read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise SfumatoError(f"{folder / SETTINGS} can't be read; restore it.") from error
        return found if isinstance(found, dict) else {}
    return {}


def _size(settings: dict[str, Any]) -> tuple[int, int]:
    """The sides that pictures are cropped to, else resized to; (0, 0) where none is named."""
    for name in ("crop_size", "size"):
        value = settings.get(name)
        if isinstance(value, int):
            return value, value
        if isinstance(value, dict) and ("height" in value or "shortest_edge" in value):
            side = value.get("shortest_edge") or 0
            return int(value.get("height") or side), int(value.get("width") or side)
    return 0, 0


def _features(answers: list[Any]) -> Any:
    """One vector a picture, of what a network answers."""
    vectors = [answer for answer in answers if answer.ndim == 2]
    answer = vectors[0] if vectors else answers[0]
    if answer.ndim == 3:
        return answer[:, 0]
    return answer.reshape(len(answer), answer.shape[1], -1).mean(2) if answer.ndim > 3 else answer
