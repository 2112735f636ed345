"""What a request asks of clips, held to the model: how many frames, and which of them are given."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.data.decode import read_picture
from sfumato.data.kinds import KINDS
from sfumato.errors import SfumatoError
from sfumato.hub.conditioning import times
from sfumato.hub.config import ModelConfig, SamplingConfig
from sfumato.hub.request import File, Keyframes, PictureEdit, Request
from sfumato.sampling import Edit
from sfumato.sampling.clips import KnownFrames


def sampled_shape(config: ModelConfig, sampling: SamplingConfig) -> tuple[int, ...]:
    """The shape of a sample as it is generated: of clips, with as many frames as are asked for."""
    return config.shape if sampling.frames is None else (sampling.frames, *config.shape[1:])


def check_clip(request: Request, config: ModelConfig, notes: list[str]) -> KnownFrames | None:
    """The frames that are given, as they are seen, None where none are; `notes` get what was done to their files.

    Raises SfumatoError for what no clip takes, or only clips do.
    """
    wanted, edit = request.sampling.frames, request.edit
    if not KINDS[config.kind].moving:
        if wanted is not None or request.sampling.anchors is not None or isinstance(edit, Keyframes):
            what = "anchors" if wanted is None and request.sampling.anchors is not None else "frames"
            raise SfumatoError(f"the model generates {config.kind}, which have no frames; leave `{what}` out.")
        return None
    if isinstance(edit, PictureEdit | Edit):
        raise SfumatoError("the model generates clips, which begin with a frame that is given; give `Keyframes` of it.")
    frames, (own, *shape) = wanted or config.shape[0], config.seen[1]
    if not config.net.temporal and (wanted not in (None, own) or isinstance(edit, Keyframes)):
        raise SfumatoError(f"the network takes clips of {own} frames alone, none of which can be given.")
    if not config.net.temporal and request.sampling.anchors is not None:
        raise SfumatoError("the network takes no clips of which frames are left out; leave `anchors` out.")
    if frames > own and own < 2:
        raise SfumatoError("the model was trained on single frames, which don't go on from each other.")
    if not isinstance(edit, Keyframes):
        return None
    known, pictures = torch.zeros(frames, dtype=torch.bool), torch.zeros(1, frames, *shape)
    for number, one in edit.frames.items():
        if not -frames <= number < frames:
            raise SfumatoError(f"frame {number} is given, and the clip has {frames}, from 0; leave it out.")
        if known[number]:
            raise SfumatoError(f"frame {number % frames} is given twice; give it once.")
        known[number], pictures[0, number] = True, _picture(number, one, shape, notes)
    if bool(known.all()):
        raise SfumatoError("all frames of the clip are given, so that none is left to generate; ask for more `frames`.")
    return KnownFrames(pictures, known)


def _picture(number: int, one: File | Tensor, shape: list[int], notes: list[str]) -> Tensor:
    if isinstance(one, Tensor):
        if list(one.shape) != shape or not bool(one.isfinite().all()):
            raise SfumatoError(f"frame {number} is given as {times(one.shape)}, and frames are {times(shape)}, finite.")
        return one.float()
    path = one.unchanged()
    picture, facts = read_picture(path, shape[0], (shape[1], shape[2]))
    notes += [f"{path.name} was taken {fact}." for fact in facts]
    return picture
