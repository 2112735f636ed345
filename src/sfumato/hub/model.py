"""A model: a network with its config, ready to sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sfumato.arguments import as_seeds, as_texts, check_pictures, listed, shown, whole
from sfumato.diffusion import AnySchedule, NetDenoiser, Parameterization
from sfumato.errors import SfumatoError, unknown
from sfumato.hub.conditioning import Conditioned, Labels, Texts, Values
from sfumato.hub.config import First, ModelConfig, Rule, SamplingConfig, Threshold
from sfumato.hub.given_pictures import mask_in_memory, picture_in_memory
from sfumato.hub.request import File, Keyframes, PictureEdit, Request
from sfumato.hub.resolving import resolve
from sfumato.hub.settings import settle
from sfumato.nets import build
from sfumato.nets.protocol import memory_format_of
from sfumato.sampling import Edit, Step
from sfumato.sampling.calls import Guided
from sfumato.sampling.tuned import Tuned
from sfumato.sampling.walks import OwnWalk
from sfumato.seeds import seeded

IMAGES, IMAGES_OF_PROMPT = 16, 4  # where neither seeds nor anything else says how many
Weighted = Mapping[str, float]  # of several conditions at once, by name
Given = Tensor | NDArray[np.generic] | Image.Image | str | Path  # a picture or a mask, in memory or in a file


# What others call what `request` takes.
ALIASES = {
    "prompt": "prompts",
    "negative_prompt": "negative",
    "negative_prompts": "negative",
    "label": "labels",
    "class_labels": "labels",
    "classes": "labels",
    "seed": "seeds",
    "generator": "seeds",
    "num_images_per_prompt": "seeds",
    "num_inference_steps": "steps",
    "guidance_scale": "guidance",
    "cfg_scale": "guidance",
    "guidance_rescale": "rule",
    "scheduler": "sampler",
    "image": "edit",
    "latents": "start",
}


class What(TypedDict, total=False):
    """What to generate, and how, beside seeds and labels (see `Model.request`)."""

    prompts: Texts | Weighted
    negative: Texts
    edit: Edit | PictureEdit | Keyframes | None
    conditions: Values | None
    start: Tensor | None
    sampler: str | OwnWalk
    steps: int
    grid: str
    schedule: AnySchedule | str | Mapping[str, Any]
    guidance: float
    rule: Rule
    interval: tuple[float, float] | None
    threshold: Threshold | bool
    eta: float | None
    tolerance: float | None
    first: First
    tuned: Tuned | None
    frames: int | None
    prompt_weights: bool


class Model(Conditioned):
    """A denoiser with its config. `model.sample(labels="3")` generates sixteen threes.

    `tokenizer` is there where the network takes prompts, or `encoder` where a frozen one reads them for it:
    `model.sample(prompts="a green heart")`.
    """

    def request(
        self,
        seeds: Sequence[int] | None = None,
        labels: Labels | Weighted = None,
        sampling: SamplingConfig | None = None,
        prompts: Texts | Weighted = None,
        negative: Texts = None,
        edit: Edit | PictureEdit | Keyframes | None = None,
        conditions: Values | None = None,
        start: Tensor | None = None,
        prompt_weights: bool = False,
        **settings: Any,
    ) -> Request:
        """All that says what to generate, with this model's own settings where nothing else is given.

        One image a seed; image i depends on `seeds[i]` and what is asked of it alone. By default as many as `labels`,
        `prompts` or `start` have, or else 16, and 4 of one prompt or of `conditions`.

        `labels` are classes by name or number, `prompts` texts: one for all, or one an image. Without either, and
        without `conditions`, a model samples all that it was trained on, unconditionally. A table of weights means
        all of them at once: `labels={"cat": 1, "dog": -0.5}` is a cat and no dog (see `sampling.composed`). Guidance
        leads away from the `negative` prompts. With `prompt_weights`, prompts have weights in them: a (red:1.3) heart.
        `conditions` by name are of all images or have one an image (see
        `values`). `edit` is a picture to begin with, or for clips its Keyframes, and `start` the noisy ones
        `(count, *shape)`, such as `invert`
        returns.

        `settings` are fields of SamplingConfig, in the place of those of `sampling`: `steps=50, sampler="ddim"`; a
        `sampler` may be a walk of one's own too, a generator function (see `sampling.walk`).
        Raises SfumatoError for what the model doesn't know, and for what doesn't go together.
        """
        if edit is not None and not isinstance(edit, Edit | PictureEdit | Keyframes):
            raise SfumatoError(f"`edit` is a sfumato.Edit, such as Edit(picture, strength=0.6), not {shown(edit)}.")
        if sampling is not None and not isinstance(sampling, SamplingConfig):
            raise SfumatoError(f"`sampling` is a sfumato.SamplingConfig, not {shown(sampling)}.")
        if start is not None:
            check_pictures("`start`", start, len(self.config.shape) + 1)
        seeds = as_seeds(_seeds(labels, prompts, conditions, start) if seeds is None else seeds)
        count = len(seeds)
        if not isinstance(labels, Mapping):
            labels = self.labels(labels, count)
        if not isinstance(prompts, Mapping):
            prompts = as_texts("prompts", prompts, count)
        negative = as_texts("negative prompts", negative, count)
        _check_names(settings)
        own = settings.pop("sampler") if callable(settings.get("sampler")) else None
        if own is not None:
            _none_given(settings, ("eta", "tolerance"), "a walk of one's own takes the place of the sampler")
        composed = isinstance(labels, Mapping) or isinstance(prompts, Mapping)
        if composed and settings.get("guidance", 1) != 1:
            raise SfumatoError("weights say how much each condition counts; leave `guidance` out.")
        if composed:
            _none_given(settings, ("rule", "interval"), "weights take the place of guidance")
        conditioned = not composed and (labels is not None or prompts is not None or bool(conditions))
        plain = sampling is not None or own is not None or edit is not None or composed
        how = (partial(settle, sampling or self.config.sampling) if plain else self.settle)(conditioned, **settings)
        values = self.values(count, conditions or {})
        return Request(
            tuple(seeds),
            how,
            labels,  # type: ignore[arg-type]
            prompts,  # type: ignore[arg-type]
            negative,  # type: ignore[arg-type]
            values,
            edit,
            start,
            own,
            prompt_weights,
        )

    def walk(
        self,
        seeds: Sequence[int] | None = None,
        labels: Labels | Weighted = None,
        sampling: SamplingConfig | None = None,
        **what: Unpack[What],
    ) -> Guided:
        """The walk of one batch, for whoever drives it, among others too (see `sampling.advance`); takes what `request`
        takes."""
        return resolve(self.request(seeds, labels, sampling, **what), self).walk()

    def stream(
        self,
        seeds: Sequence[int] | None = None,
        labels: Labels | Weighted = None,
        sampling: SamplingConfig | None = None,
        **what: Unpack[What],
    ) -> Iterator[Step]:
        """Sample one batch, yielding every step, of latents where it generates those; takes what `request` takes."""
        return resolve(self.request(seeds, labels, sampling, **what), self).steps()

    def sample(
        self,
        seeds: Sequence[int] | None = None,
        labels: Labels | Weighted = None,
        sampling: SamplingConfig | None = None,
        batch: int | None = None,
        **what: Unpack[What],
    ) -> Tensor:
        """Samples `(count, *shape)` on the CPU, pictures in about [−1, 1], also of a model of latents that has a codec;
        takes what `request` takes.

        `batch` are made at once, by default 64, and fewer where they are larger than 32×32 pixels.
        """
        size = None if batch is None else whole("batch", batch, 1)
        return resolve(self.request(seeds, labels, sampling, **what), self).samples(size)

    def edit(self, image: Given, strength: float = 0.6, **what: Any) -> Tensor:
        """Variations of a picture, `(channels, height, width)` in [−1, 1] or a file: `strength` 0 keeps it, 1 never
        sees it. A picture of Pillow's or an array of uint8, `(height, width)` or with 3 channels last, will do too.
        Takes what `sample` takes."""
        return self.sample(edit=_edit(image, strength, self.config.seen[1][0]), **what)

    def inpaint(self, image: Given, mask: Given, strength: float = 1.0, feather: int = 0, **what: Any) -> Tensor:
        """Generates where `mask` `(1, height, width)` is true, or the picture in that file white; keeps the rest of
        `image` bit for bit, and of a model of latents feathers the seam over so many pixels (see Edit). Takes what
        `sample` takes."""
        return self.sample(edit=replace(_edit(image, strength, self.config.seen[1][0], mask), feather=feather), **what)

    def invert(
        self,
        pictures: Tensor,
        labels: Labels = None,
        prompts: Texts = None,
        conditions: Values | None = None,
        tolerance: float | None = 1e-4,
        **settings: Any,
    ) -> Tensor:
        """The noise `(count, *shape)` that leads to `pictures`, which `sample(start=…)` returns to them from.

        By the sampler "ddim" on the grid "karras", where `settings` name no other without noise and memory and no other
        smooth grid. The same settings lead back, and other labels or prompts to an edited picture. See
        `sampling.invert`.
        """
        check_pictures("the pictures", pictures, len(self.config.shape) + 1)
        how = {"sampler": "ddim", "grid": "karras", **settings}
        request = self.request(range(len(pictures)), labels, prompts=prompts, conditions=conditions, **how)
        return resolve(request, self).inverted(pictures, tolerance)


def _seeds(labels: Any, prompts: Any, conditions: Values | None, start: Tensor | None) -> range:
    """One for each of what is listed, or as many as are generated where nothing is."""
    if start is not None:
        return range(len(start))
    for name, given in (("labels", labels), ("prompts", prompts)):
        if given is not None and not isinstance(given, str | int | Mapping):
            return range(len(listed(name, given, "[…]")))
    return range(IMAGES if prompts is None and not conditions else IMAGES_OF_PROMPT)


def _check_names(settings: Mapping[str, Any]) -> None:
    """Raises SfumatoError for the name of a setting that `request` doesn't take."""
    named = [name for name in signature(Model.request).parameters if name not in ("self", "settings")]
    known = [*named, *(one.name for one in fields(SamplingConfig))]
    for name in settings:
        if name not in known:
            raise unknown("argument", name, known, ALIASES.get(name))


def _none_given(settings: Mapping[str, Any], names: Sequence[str], why: str) -> None:
    for name in names:
        if settings.get(name) not in (None, "plain"):
            raise SfumatoError(f"{why}, so that `{name}` can't count; leave it out.")


def _edit(image: Given, strength: float, channels: int, mask: Given | None = None) -> Edit | PictureEdit:
    if not isinstance(image, str | Path):
        if isinstance(mask, str | Path):
            raise SfumatoError("a picture that is a tensor has a mask that is one; give both as tensors or as files.")
        picture = image if isinstance(image, Tensor) else picture_in_memory(image, channels)
        return Edit(picture, strength, mask if mask is None else mask_in_memory(mask))
    if mask is not None and not isinstance(mask, str | Path):
        raise SfumatoError("a picture that is a file has a mask that is one; give both as files or as tensors.")
    return PictureEdit(File.of(image), strength, None if mask is None else File.of(mask))


def new_model(config: ModelConfig, seed: int = 0) -> Model:
    """A freshly initialised model; the weights are a function of `config` and `seed`."""
    with seeded("weights", seed):
        net = build(config.net)
    denoiser = NetDenoiser(net, Parameterization(config.parameterization, config.data_std))
    denoiser.to(memory_format=memory_format_of(net))  # type: ignore[call-overload]
    return Model(config, denoiser)
