"""What turns pictures into latents and back: an autoencoder whose latents have mean 0 and standard deviation 1.

codec.safetensors   its weights, ours in float16 and diffusers' in float32, beside the config.json of the run or the
                    model that generates by it; one that ships may keep there only what is another than in the
                    autoencoder of one that ships too
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.hub.checkpoints import check_finite
from sfumato.hub.config import CodecConfig, ModelConfig, read_config
from sfumato.hub.deltas import SHIPPED, base_of
from sfumato.nets.autoencoder import Autoencoder, padded
from sfumato.nets.kl import KLConfig, build_autoencoder

FILE = "codec.safetensors"
TILE = 64  # latent pixels a side that are encoded or decoded at once, beside what they reach of their neighbours
BATCH_PIXELS = 2**19  # of all pictures that are encoded or decoded at once; a tile may be larger
FLAT = 1e-6  # the least standard deviation of a channel: one that says nothing stays as it is


class Codec:
    """Encodes and decodes pictures of any size, large ones in tiles, whose memory doesn't grow with the picture."""

    def __init__(self, config: CodecConfig, net: Autoencoder) -> None:
        self.config = config
        self.net = net.eval().requires_grad_(False)
        self.net.to(memory_format=net.memory_format)  # type: ignore[call-overload]

    @property
    def device(self) -> torch.device:
        return next(self.net.parameters()).device

    def to(self, device: torch.device | str) -> Codec:
        """The codec itself, moved there."""
        self.net.to(device)
        return self

    @torch.no_grad()
    def encode(self, pictures: Tensor, tile: int = TILE) -> Tensor:
        """Pictures `(count, channels, height, width)` in [−1, 1] → latents `(count, *shape)`, where they are.

        Of clips `(count, frames, channels, height, width)` each frame is encoded by itself. In tiles of so many latent
        pixels a side, as many pictures at once as fit BATCH_PIXELS. Raises SfumatoError for pictures that the
        autoencoder doesn't take.
        """
        net, factor = self.config.net, self.config.net.factor
        if pictures.ndim == 5:
            frames = self.encode(pictures.flatten(0, 1), tile)
            return frames.reshape(*pictures.shape[:2], *frames.shape[1:])
        if pictures.ndim != 4:
            raise SfumatoError(
                f"the codec encodes pictures (count, channels, height, width), and these are of {pictures.ndim} "
                "dimensions; give one alone as `picture[None]`."
            )
        net.latent_shape(pictures.shape[1:])  # raises for those that have none

        def encoded(some: Tensor) -> Tensor:
            return _tiled(self.net.encode, padded(some, factor), (factor, 1), tile, net.reach)

        return self._batched(encoded, pictures, pictures.shape[-1] * pictures.shape[-2])

    @torch.no_grad()
    def decode(self, latents: Tensor, size: Sequence[int] | None = None, tile: int = TILE) -> Tensor:
        """Latents `(count, channels, height, width)` → pictures of `size` (height, width), in about [−1, 1].

        By default they are as large as the config's, or, of latents of another size, as those can be. Those of clips
        have an axis of frames after the first; where the decoder looks back, as many frames are decoded at once as fit
        BATCH_PIXELS, after those that count.
        """
        if latents.ndim not in (4, 5) or latents.shape[-3] != self.config.net.latent:
            raise SfumatoError(
                f"the codec decodes latents of {self.config.net.latent} channels, and these are "
                f"{' × '.join(map(str, latents.shape[1:]))}; they are of another autoencoder."
            )
        if latents.ndim == 5 and self.config.net.temporal and len(latents):
            return torch.stack([self._clip(clip, size, tile) for clip in latents])
        if latents.ndim == 5:
            frames = self.decode(latents.flatten(0, 1), size, tile)
            return frames.reshape(*latents.shape[:2], *frames.shape[1:])
        return self._batched(partial(self._decoded, size=size, tile=tile), latents, self._area(latents))

    def _area(self, latents: Tensor) -> int:
        """How many pixels the pictures of `latents` have."""
        return latents.shape[-1] * latents.shape[-2] * self.config.net.factor**2

    def _clip(self, latents: Tensor, size: Sequence[int] | None, tile: int) -> Tensor:
        """The frames of one clip."""
        back = self.config.net.lookback
        at_once, parts = max(back, BATCH_PIXELS // self._area(latents)), []
        for first in range(0, len(latents), at_once):
            begins = max(0, first - back)
            seen = latents[begins : first + at_once].to(self.device).float()
            parts.append(self._decoded(seen, size, tile, len(seen))[first - begins :].to(latents.device))
        return torch.cat(parts)

    def _decoded(self, some: Tensor, size: Sequence[int] | None, tile: int, frames: int = 1) -> Tensor:
        if size is None and tuple(some.shape[1:]) == self.config.shape:
            size = self.config.picture[1:]
        factor, reach = self.config.net.factor, self.config.net.reach
        whole = _tiled(partial(self.net.decode, frames=frames), some, (1, factor), tile, reach)
        theirs = isinstance(self.config.net, KLConfig) and whole.device.type != "meta"
        if theirs and bool(some.isfinite().all()) and not bool(whole.isfinite().all()):
            raise SfumatoError(
                "the autoencoder makes numbers that aren't finite of these latents, as weights that were made for "
                "other precisions may; take the pipeline's own autoencoder, in float32, or less `guidance`."
            )
        return whole if size is None else whole[..., : size[0], : size[1]]

    def _batched(self, of: Callable[[Tensor], Tensor], given: Tensor, area: int) -> Tensor:
        number = max(1, BATCH_PIXELS // area)
        parts = [of(some.to(self.device).float()).to(given.device) for some in given.split(number)]
        return torch.cat(parts) if parts else of(given.to(self.device).float())


def _tiled(of: Callable[[Tensor], Tensor], x: Tensor, scales: tuple[int, int], tile: int, reach: int) -> Tensor:
    """`of(x)`, tile by tile: `scales` are how large a latent pixel is before and behind it."""
    before, behind = scales
    height, width = (side // before for side in x.shape[-2:])
    if max(height, width) <= max(tile, reach):
        return of(x)
    rows = []
    for top in range(0, height, tile):
        row = []
        for left in range(0, width, tile):
            high, low = max(0, top - reach), min(height, top + tile + reach)
            near, far = max(0, left - reach), min(width, left + tile + reach)
            seen = of(x[..., high * before : low * before, near * before : far * before])
            kept_rows = slice((top - high) * behind, (min(height, top + tile) - high) * behind)
            kept_columns = slice((left - near) * behind, (min(width, left + tile) - near) * behind)
            row.append(seen[..., kept_rows, kept_columns])
        rows.append(torch.cat(row, -1))
    return torch.cat(rows, -2)


def normalised(config: CodecConfig, net: Autoencoder, pictures: Iterable[Tensor]) -> Codec:
    """The codec of a copy of `net` whose latents of `pictures`, given in batches, have mean 0 and deviation 1.

    Channel by channel; both are folded into the layers next to the latents, and its weights are rounded as they are
    kept.
    """
    own = build_autoencoder(config.net)
    own.load_state_dict(net.state_dict())
    codec = Codec(config, own)
    latents = [codec.encode(some).double().cpu() for some in pictures]
    mean, std = statistics(torch.cat(latents))
    own.fold(mean, std)
    return rounded(codec)


def rounded(codec: Codec) -> Codec:
    """The codec itself, its weights rounded as they are kept."""
    dtype = _kept_in(codec.config)
    codec.net.load_state_dict({name: value.to(dtype).float() for name, value in codec.net.state_dict().items()})
    return codec


def statistics(latents: Tensor) -> tuple[Tensor, Tensor]:
    """The mean and the standard deviation of each channel of latents `(count, channels, height, width)`, float32."""
    mean, std = latents.mean((0, 2, 3)), latents.std((0, 2, 3), correction=0)
    return mean.float(), std.float().clamp(min=FLAT)


def save_codec(folder: Path, codec: Codec, base: str = "") -> CodecConfig:
    """Write `codec.safetensors` into `folder`; returns the config that names its hash, for config.json.

    Where the model `base`, which ships, has an autoencoder of the same latents, only weights that it lacks are written.
    """
    content, config = codec_bytes(codec), codec.config
    own = _shipped(base) if base else None
    if own is not None and own.config.latents == config.latents:
        same, kept = own.net.state_dict(), safetensors.torch.load(content)
        kept = {name: value for name, value in kept.items() if not _equal(value.float(), same.get(name))}
        content, config = safetensors.torch.save(kept, {"base": base}), replace(config, encodes=config.latents)
    replace_file(folder / FILE, content)
    return replace(config, weights=hashlib.sha256(content).hexdigest())


def codec_bytes(codec: Codec) -> bytes:
    """All weights as their file holds them."""
    dtype = _kept_in(codec.config)
    kept = {name: value.detach().to(dtype).cpu().contiguous() for name, value in codec.net.state_dict().items()}
    return safetensors.torch.save(kept)


def _shipped(name: str) -> Codec | None:
    """The codec of a model that ships; None where there is no such model, or it has none."""
    if Path(name).name != name or not (SHIPPED / name / "config.json").exists():
        return None
    return model_codec(SHIPPED / name, read_config(SHIPPED / name / "config.json"))


def _equal(one: Tensor, other: Tensor | None) -> bool:
    return other is not None and torch.equal(one, other)


def _kept_in(config: CodecConfig) -> torch.dtype:
    """In what weights are kept: some of others overflow in float16."""
    return torch.float32 if isinstance(config.net, KLConfig) else torch.float16


def read_codec(folder: Path, config: CodecConfig) -> Codec:
    """The codec of `config`, whose file is in `folder`.

    Raises SfumatoError where it is missing or damaged, or another than `config` says.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
        tensors, base = safetensors.torch.load(content), base_of(path)
    except (OSError, SafetensorError) as error:
        raise SfumatoError(
            f"{path}, by which the model turns latents into pictures, is missing or damaged; restore it."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if config.weights not in ("", found):
        raise SfumatoError(
            f"{path} is another codec (sha256 {found[:12]}) than config.json names ({config.weights[:12]}), and the "
            "latents of one mean nothing to the other; restore the one that it came with."
        )
    if base:
        own = _shipped(base)
        if own is None or own.config.latents != config.latents:
            raise SfumatoError(
                f"{path} adds to the autoencoder of {base}, and it is another here; get the folder anew."
            )
        tensors = {**own.net.state_dict(), **tensors}
    net = build_autoencoder(config.net)
    expected = {name: value.shape for name, value in net.state_dict().items()}
    if {name: value.shape for name, value in tensors.items()} != expected:
        raise SfumatoError(f"the weights in {path} don't fit the autoencoder in config.json; restore both together.")
    check_finite(tensors, str(path))
    net.load_state_dict({name: value.float() for name, value in tensors.items()})
    return Codec(replace(config, weights=found), net)


def model_codec(folder: Path, config: ModelConfig, device: torch.device | str = "cpu") -> Codec | None:
    """The codec of the model whose config.json is in `folder`; None where it generates what is seen."""
    return None if config.codec is None else read_codec(folder, config.codec).to(device)
