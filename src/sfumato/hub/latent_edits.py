"""Edits by a model of latents: what of a picture is known in them, and what is put back once they are decoded."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from sfumato.hub.codec import Codec
from sfumato.sampling import Edit
from sfumato.sampling.editing import reduced, restored

UPSCALE_STRENGTH = 0.6  # of the walk that begins with an enlarged picture


def latent_mask(mask: Tensor, factor: int) -> Tensor:
    """Which latent pixels hold a pixel that is to be generated, of `mask` `(1, height, width)` or without the 1."""
    whole = mask.reshape(1, *mask.shape[-2:]).float()
    found: Tensor = F.max_pool2d(whole, factor, ceil_mode=True) > 0
    return found


def mask_notes(edit: Edit, codec: Codec) -> list[str]:
    """That more is generated than the mask says, where it is finer than a latent pixel."""
    if edit.mask is None:
        return []
    factor, (height, width) = codec.config.net.factor, edit.mask.shape[-2:]
    cells = latent_mask(edit.mask, factor).repeat_interleave(factor, -1).repeat_interleave(factor, -2)
    more = int((cells[..., :height, :width] & ~edit.mask).sum())
    if not more:
        return []
    return [
        f"the mask is finer than the {factor}×{factor} pixels of a latent one: {more:,} pixels beside it are generated "
        "too, and then put back as they were."
    ]


def interpolated(picture: Tensor, size: Sequence[int]) -> Tensor:
    """A small picture `(1, channels, height, width)` at `size`, to begin with."""
    return F.interpolate(picture, tuple(size), mode="bicubic", antialias=True).clamp(-1, 1)


def feathered(pictures: Tensor, edit: Edit) -> Tensor:
    """Decoded `pictures`, moved near known pixels by what those are off, the less the further away they are.

    Within `edit.feather` pixels of a known one, by the mean of what the known ones in a square of that reach are off.
    """
    if edit.mask is None or not edit.feather:
        return pictures
    reach = edit.feather
    known = (~edit.mask.reshape(1, 1, *edit.mask.shape[-2:])).to(pictures)
    off = (edit.picture.to(pictures) - pictures) * known

    def near(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 2 * reach + 1, stride=1, padding=reach, count_include_pad=False)

    share = near(known)
    return pictures + near(off) / share.clamp(min=1e-6) * (2 * share).clamp(max=1)


def decoded(latents: Tensor, codec: Codec, edit: Edit | None) -> Tensor:
    """The pictures of `latents`, with what `edit` knows of them put back, which an autoencoder doesn't keep.

    Known pixels are equal bit for bit, and an enlarged picture reduces to the small one, to rounding.
    """
    size = None if edit is None or edit.upscale else edit.picture.shape[-2:]
    pictures = codec.decode(latents, size)
    if edit is not None and edit.mask is not None:
        return restored(feathered(pictures, edit), edit.picture, edit.mask)
    if edit is not None and edit.upscale:
        return reduced(pictures, edit.picture, pictures.shape[-1] // edit.picture.shape[-1])
    return pictures
