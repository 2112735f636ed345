"""A request resolved against a model: what it walks down, with what conditions, and from where.

All who sample come through here: Python, the command line, a PNG generated again, previews, lesson, evaluations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sfumato.data.kinds import KINDS
from sfumato.diffusion import Denoiser, Level
from sfumato.diffusion.levels import broadcast
from sfumato.errors import SfumatoError
from sfumato.hub.clips import check_clip, sampled_shape
from sfumato.hub.codec import Codec
from sfumato.hub.conditioning import STRENGTH, Conditioned, times
from sfumato.hub.config import SamplingConfig
from sfumato.hub.given_pictures import check_edit, control_image, open_edit
from sfumato.hub.latent_edits import UPSCALE_STRENGTH, decoded, interpolated, latent_mask, mask_notes
from sfumato.hub.request import Control, Keyframes, PictureEdit, Request
from sfumato.hub.settings import levels_of, planned, student_notes, tuned_like
from sfumato.nets.conditions import GUIDANCE, guidance_range
from sfumato.sampling import (
    SAMPLERS,
    Edit,
    ImageNoise,
    Rule,
    Step,
    Stepper,
    clamped,
    classifier_free,
    composed,
    drive,
    guide,
    guided_denoiser,
    inversion,
    last,
    plain,
    plus_plus,
    projected,
    thresholded,
    walk,
)
from sfumato.sampling import resolve as resolve_sampler
from sfumato.sampling.advice import advice
from sfumato.sampling.calls import Guided
from sfumato.sampling.clips import KnownFrames, clip_walk, parts_of
from sfumato.sampling.editing import begin_from, inpainted, reduced, restored
from sfumato.sampling.guidance import EVERYWHERE
from sfumato.sampling.inverse import downscaled, pseudo_inverse_guided
from sfumato.sampling.walks import OwnWalk

MAX_STRENGTH = 4.0  # of a control branch, which counts 1 in training
FAR = 4.0  # standard deviations from the mean of the training data, beyond which little was learnt
MAX_ROWS = 128  # of one network call: a batch of 64 pictures with and without their condition
BATCH = 64  # pictures that are sampled at once, of at most so many pixels; fewer larger ones
PIXELS = 32 * 32
THRESHOLDS: dict[str, Callable[[Rule], Rule]] = {"none": lambda rule: rule, "static": clamped, "dynamic": thresholded}


@dataclass(frozen=True, eq=False)
class Resolved:
    """A request as its model takes it, a row a picture; `notes` are plain sentences to be shown.

    Image i depends on `seeds[i]` and its row alone.
    """

    model: Conditioned
    request: Request
    stepper: Stepper | OwnWalk
    levels: Level
    labels: Sequence[int | None] | None = None
    prompts: Sequence[str] | None = None
    negative: Sequence[str] | None = None
    conditions: Mapping[str, Tensor] = field(default_factory=dict)  # each (count, ...)
    edit: Edit | None = None
    notes: tuple[str, ...] = ()
    given: KnownFrames | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's, as it is generated: of clips, with as many frames as are asked for."""
        return sampled_shape(self.model.config, self.request.sampling)

    @property
    def every_label(self) -> list[int] | None:
        """The labels, where each picture has one."""
        known = [label for label in self.labels or () if label is not None]
        return known if known and len(known) == len(self.request.seeds) else None

    def batches(
        self, batch: int | None = None, rows: Sequence[int] | None = None
    ) -> Iterator[tuple[Sequence[int], Iterator[Step]]]:
        """The pictures, or `rows` of them, `batch` at a time: which they are, and their walk (see `steps`)."""
        for some in self._parts(batch, rows):
            yield some, self.steps(some)

    def _parts(self, batch: int | None = None, rows: Sequence[int] | None = None) -> Iterator[Sequence[int]]:
        rows = range(len(self.request.seeds)) if rows is None else rows
        batch = batch or suited_batch(self.shape)
        for first in range(0, len(rows), batch):
            yield rows[first : first + batch]

    def samples(self, batch: int | None = None) -> Tensor:
        """All the pictures, `(count, *shape)` on the CPU."""
        return torch.cat([self.seen(last(steps).x).cpu() for _, steps in self.batches(batch)])

    def seen(self, x: Tensor) -> Tensor:
        """What a walk has led to, as it is seen: decoded, where it is latents.

        What an edit knows of the picture is then put back, which the autoencoder would not keep.
        """
        if self.model.codec is None:
            return x
        seen = decoded(x, self.model.codec, self.edit)
        return seen if self.given is None else restored(seen, self.given.frames, self.given.mask)

    def steps(self, rows: Sequence[int] | None = None) -> Iterator[Step]:
        """The walk of some of the pictures as one batch, step by step; by default of all."""
        steps = self._driven(self.walk(rows), len(self.request.seeds if rows is None else rows))
        return _checked(steps) if callable(self.stepper) else steps

    def inverted(self, pictures: Tensor, tolerance: float | None) -> Tensor:
        """The noise that the walk turns into `pictures`, one a seed (see `sampling.inversion`)."""
        if callable(self.stepper):
            raise SfumatoError("a walk of one's own can't be inverted; choose a sampler without noise, such as ddim.")
        parts, std = [], self.model.config.data_std
        for rows in self._parts():
            x0 = pictures[list(rows)].to(self.model.device)
            x0 = x0 if self.model.codec is None else self.model.codec.encode(x0)
            walk = inversion(self.levels, self.stepper, x0, tolerance, data_std=std)
            parts.append(last(self._driven(guide(walk, self._rule(rows), self._cond(rows)), len(rows))).x.cpu())
        return torch.cat(parts)

    def walk(self, rows: Sequence[int] | None = None) -> Guided:
        """What samples some of the pictures as one batch, for whoever drives it: alone, or among others
        (see `sampling.advance`)."""
        model, request, sampling = self.model, self.request, self.request.sampling
        rows = range(len(request.seeds)) if rows is None else rows
        seeds, shape = [request.seeds[row] for row in rows], model.config.shape
        if any(one.training for one in (model.denoiser, *model.denoiser.children())):  # a network has many modules
            model.denoiser.eval()
        if self.edit is not None:
            return self._edited(self.edit, rows, seeds)
        if KINDS[model.config.kind].moving:
            return self._clips(rows, seeds)
        noise = ImageNoise(seeds, shape, model.device)
        start = None if request.start is None else request.start[list(rows)].to(model.device)
        if sampling.first == "teleport" and model.gaussian is not None:
            noisiest = sampling.schedule(1.0)
            full = broadcast((noisiest.alpha**2 + noisiest.sigma**2).sqrt(), first := noise()) * first
            start = model.gaussian.teleport(full, noisiest, self.levels[0])
        analytical = model.gaussian if sampling.first == "analytical" else None
        steps = walk(self.stepper, self.levels, noise, start)
        return guide(steps, self._rule(rows), self._cond(rows), analytical)

    def _clips(self, rows: Sequence[int], seeds: Sequence[int]) -> Guided:
        """The walk of clips, in parts (see sampling/clips.py)."""
        frames, *shape = self.shape

        def noise(window: int, count: int) -> ImageNoise:
            device = self.model.device
            if not window:
                return ImageNoise(seeds, (count, *shape), device)
            return ImageNoise(seeds, (count, *shape), device, "further frames", (window,))

        start = None if self.request.start is None else self.request.start[list(rows)].to(self.model.device)
        size, guidance = self.model.config.shape[0], (self._rule(rows), self._cond(rows))
        given = [] if self.given is None else self.given.known.nonzero().flatten().tolist()
        parts = parts_of(frames, size, self.request.sampling.anchors, given)
        return clip_walk(self.stepper, self.levels, parts, noise, *guidance, self._known, start)

    @cached_property
    def _known(self) -> KnownFrames | None:
        """The frames that are given, as they are walked to, which all batches share."""
        if self.given is None or self.model.codec is None:
            return self.given
        return KnownFrames(self.model.codec.encode(self.given.frames), self.given.known)

    def denoiser(self, rows: Sequence[int], by: Denoiser) -> Denoiser:
        """What answers for some of the pictures: `by`, given their conditions, under their guidance."""
        guided, cond = guided_denoiser(by, self._rule(rows)), self._cond(rows)
        return lambda x, level, _=None: guided(x, level, cond)

    def _driven(self, walk: Guided, count: int) -> Iterator[Step]:
        return drive(walk, self.model.denoiser, self.model.null(), max(count, MAX_ROWS))

    def _cond(self, rows: Sequence[int], labels: Any = None, prompts: Any = None) -> dict[str, Tensor]:
        """The conditions of some of the pictures; `labels` or `prompts` in the place of their own."""
        values = {name: value[list(rows)] for name, value in self.conditions.items()}
        labels = _some(self.labels, rows) if labels is None else labels
        prompts = _some(self.prompts, rows) if prompts is None else prompts
        return self.model.condition(len(rows), labels, prompts, values, self.request.prompt_weights)

    def _rule(self, rows: Sequence[int]) -> Rule:
        """How some of the pictures are guided."""
        request, sampling = self.request, self.request.sampling
        rule: Rule = plain
        told = guidance_range(self.model.config.conditions) is not None  # and needs no pushing
        if (sampling.guidance == 1 or told) and not request.composed:
            return THRESHOLDS[sampling.threshold](plain)
        # Guidance of pipelines leads away from no prompt, and not from the picture that controls them.
        kept = {n: v[list(rows)] for n, v in self.conditions.items()} if self.model.config.pipeline else None
        null = self.model.condition(len(rows), None, _some(self.negative, rows), kept, request.prompt_weights)
        interval = sampling.interval or EVERYWHERE
        if isinstance(request.labels, Mapping):
            rule = composed([(weight, self._cond(rows, label)) for label, weight in request.labels.items()], null)
        elif isinstance(request.prompts, Mapping):
            rule = composed([(weight, self._cond(rows, None, text)) for text, weight in request.prompts.items()], null)
        elif request.conditioned and sampling.rule == "cfg++":
            rule = plus_plus(sampling.guidance, null, self.levels, interval)
        elif request.conditioned:
            by = projected if sampling.rule == "projected" else classifier_free
            rule = by(sampling.guidance, null, interval)
        return THRESHOLDS[sampling.threshold](rule)

    def _edited(self, edit: Edit, rows: Sequence[int], seeds: Sequence[int]) -> Guided:
        model, shape, by = self.model, self.model.config.shape, self.stepper
        picture, rule, cond = edit.picture.to(model.device), self._rule(rows), self._cond(rows)
        if model.codec is not None:
            return self._edited_latents(model.codec, edit, guide_by=(rule, cond), seeds=seeds)
        if edit.upscale:
            factor = shape[-1] // picture.shape[-1]
            rule = pseudo_inverse_guided(downscaled(factor), picture, model.config.data_std, inner=rule)
            finish = partial(reduced, small=picture, factor=factor)
            return guide(walk(by, self.levels, ImageNoise(seeds, shape, model.device), finish=finish), rule, cond)
        noise = ImageNoise(seeds, tuple(picture.shape), model.device)
        rest, start = begin_from(picture.expand(len(seeds), *picture.shape), self.levels, edit.strength, noise)
        if edit.mask is None:
            return guide(walk(by, rest, noise, start), rule, cond)
        finish = partial(restored, picture=picture, mask=edit.mask)
        return guide(walk(by, rest, noise, start, finish), inpainted(picture, edit.mask, rule), cond)

    def _edited_latents(self, codec: Codec, edit: Edit, guide_by: tuple[Rule, Any], seeds: Sequence[int]) -> Guided:
        """The walk of an edit in latents: what is known of the pixels is known of the latent pixels that hold no other.

        A picture to be enlarged is walked from as large as it is to be, and kept in the end (see `seen`).
        """
        (rule, cond), picture, strength = guide_by, edit.picture.to(self.model.device)[None], edit.strength
        if edit.upscale:
            picture, strength = interpolated(picture, codec.config.picture[1:]), UPSCALE_STRENGTH
        latents = codec.encode(picture)[0]
        noise = ImageNoise(seeds, tuple(latents.shape), self.model.device)
        rest, start = begin_from(latents.expand(len(seeds), *latents.shape), self.levels, strength, noise)
        if edit.mask is None:
            return guide(walk(self.stepper, rest, noise, start), rule, cond)
        mask = latent_mask(edit.mask, codec.config.net.factor).to(self.model.device)
        finish = partial(restored, picture=latents, mask=mask)
        return guide(walk(self.stepper, rest, noise, start, finish), inpainted(latents, mask, rule), cond)


def check_finite(samples: Tensor) -> None:
    """Raises SfumatoError where the walk led to numbers that aren't finite."""
    if not bool(samples.isfinite().all()):
        raise SfumatoError("with these settings the numbers run away; take more steps or less `guidance`.")


def _checked(steps: Iterator[Step]) -> Iterator[Step]:
    """The steps of a walk of one's own; raises SfumatoError where it ends in numbers that aren't finite."""
    for step in steps:
        yield step
    if step.x.device.type != "meta" and not bool(step.x.isfinite().all()):
        raise SfumatoError(
            "the walk of one's own ended in numbers that are not finite; look for a division by sigma or alpha where "
            "that is 0."
        )


def suited_batch(shape: Sequence[int]) -> int:
    """How many samples of `shape` are made at once: as many as take the memory of BATCH of PIXELS."""
    pixels = math.prod(shape) // shape[-3] if len(shape) > 2 else 1
    return max(1, min(BATCH, BATCH * PIXELS // pixels))


def resolve(request: Request, model: Conditioned) -> Resolved:
    """What `request` means to `model`; whatever can't be done is refused here, before any work.

    Raises SfumatoError for what the model doesn't know, for unfit files, and for settings that don't fit together.
    """
    sampling, count, notes = request.sampling, len(request.seeds), list[str]()
    if sampling.threshold != "none" and KINDS[model.config.kind].bin is None:
        raise SfumatoError(
            f"{model.config.kind} are not values in [−1, 1], to which a threshold or clipping brings them back; leave "
            "it out."
        )
    by, levels = _walk(request, model)
    labels = _in_turn(request.labels, count)
    if isinstance(request.labels, Mapping):
        model.labels(list(request.labels), len(request.labels))
    told = guidance_range(model.config.conditions) is not None
    notes += _tuned_notes(model, sampling)
    notes += [] if callable(by) else student_notes(model.config.sampling, sampling, told)
    own = callable(by) or sampling.tuned is not None
    if not own and (outside := advice(sampling.sampler, sampling.grid, sampling.steps)) is not None:
        notes.append(outside)
    for text in dict.fromkeys([*(request.prompts or ()), *(request.negative or ())]):
        what = "the prompt" if request.prompts else "`negative`"
        model.tokens([""], what, request.prompt_weights)  # raises where it takes none
        notes += model.truncation_notes(text)
    conditions = {name: _value(model, name, value, notes) for name, value in request.conditions.items()}
    if STRENGTH in conditions and len(conditions) == 1:
        raise SfumatoError("`control-strength` goes with `control`; name a picture too.")
    conditions |= _told(request, model, conditions)
    given = check_clip(request, model.config, notes)
    edit = request.edit if not isinstance(request.edit, Keyframes) else None
    if isinstance(edit, PictureEdit):
        edit = open_edit(model.config, edit, notes)
    if edit is not None:
        check_edit(edit, model.config.seen[1])
        if edit.feather and model.codec is None:
            raise SfumatoError(
                f"{model.source or 'the model'} generates pixels and knows those that are kept as they are: there is "
                "no seam to `feather`; leave it out."
            )
        notes += [] if model.codec is None else mask_notes(edit, model.codec)
    start, shape = request.start, (count, *sampled_shape(model.config, sampling))
    if start is not None and tuple(start.shape) != shape:
        raise SfumatoError(f"{count} seeds start from {times(shape)}, and `start` is {times(start.shape)}.")
    return Resolved(
        model,
        request,
        by,
        levels,
        model.labels(labels, count),
        _in_turn(request.prompts, count),
        _in_turn(request.negative, count),
        model.values(count, conditions),
        edit,
        tuple(notes),
        given,
    )


def _told(request: Request, model: Conditioned, given: Mapping[str, Any]) -> dict[str, Any]:
    """The weight of guidance as the condition that a student takes it by, where it does; a weight `given` stays.

    Raises SfumatoError for a weight that it hasn't learnt, and for guidance that pushes otherwise than it has.
    """
    if (known := guidance_range(model.config.conditions)) is None:
        return {}
    name, sampling = model.source or "this model", request.sampling
    if request.negative is not None or sampling.rule != "plain" or sampling.interval is not None:
        raise SfumatoError(
            f"{name} has learnt plain guidance, away from no condition; leave `negative`, `rule` and `interval` out."
        )
    if request.composed or not request.conditioned or GUIDANCE in given:
        weights = np.atleast_1d(np.asarray(given.get(GUIDANCE, []), float))
    else:
        weights = np.atleast_1d(sampling.guidance)
    for weight in weights:
        if not known[0] <= weight <= known[1] and not math.isnan(weight):
            raise SfumatoError(f"{name} has learnt guidance from {known[0]:g} to {known[1]:g}, not {weight:g}.")
    return {} if GUIDANCE in given or not len(weights) else {GUIDANCE: float(weights[0])}


def _tuned_notes(model: Conditioned, sampling: SamplingConfig) -> list[str]:
    """That the walk is a tuned one, or that the one for these settings is for other weights."""
    if sampling.tuned is not None:
        return [f"{sampling.steps} steps are walked as tuned to this model; name a sampler or a grid for a plain walk."]
    stale = tuned_like(sampling, model.tuned)
    if stale is None or stale.tuned is None or stale.tuned.weights == model.weights_hash:
        return []
    return [f"the walk of {sampling.steps} steps was tuned to other weights than these and isn't taken; tune again."]


def _some(values: Sequence[Any] | None, rows: Sequence[int]) -> list[Any] | None:
    return None if values is None else [values[row] for row in rows]


def _in_turn(given: Any, count: int) -> list[Any] | None:
    """One for each of `count` pictures."""
    if given is None or isinstance(given, Mapping):
        return None
    return [given[i % len(given)] for i in range(count)]


def _walk(request: Request, model: Conditioned) -> tuple[Stepper | OwnWalk, Level]:
    """The stepper, and the levels that it visits."""
    sampling = request.sampling
    if sampling.first != "network" and model.gaussian is None:
        raise SfumatoError(
            f"the first step '{sampling.first}' needs the data's Gaussian; set model.gaussian = "
            f"sfumato.training.data_gaussian({model.source or 'RUN'!r}), or Gaussian.fit(data)."
        )
    if sampling.tuned is not None and sampling.tuned.weights != model.weights_hash:
        raise SfumatoError(
            f"the walk is tuned to other weights than those of {model.source or 'this model'}; leave `tuned` out, or "
            "tune this one."
        )
    by: Stepper | OwnWalk
    if request.walk is not None:
        by, levels, between = request.walk, levels_of(sampling), True
    else:
        by, levels = planned(sampling)
        between = SAMPLERS[resolve_sampler(sampling.sampler)[0]].calls != 1
    if sampling.guidance != 1 and sampling.interval is not None:
        _check_interval(sampling.interval, levels, between)
    return by, levels


def _check_interval(interval: tuple[float, float], levels: Level, between: bool) -> None:
    """Raises SfumatoError where no step asks within `interval` of sigma/alpha, so that nothing would be guided.

    `between`: the sampler asks between the levels too.
    """
    low, high = interval
    asked = levels.ratio[:-1]
    inside = (
        bool(asked.min() <= high and asked.max() >= low) if between else bool(((asked >= low) & (asked <= high)).any())
    )
    if not inside:
        raise SfumatoError(
            f"no step is guided: the `interval` {low:g}-{high:g} of sigma/alpha holds none of the levels, which go "
            f"from {float(asked.max()):.3g} to {float(asked.min()):.3g}; widen it."
        )


def _value(model: Conditioned, name: str, value: object, notes: list[str]) -> Any:
    """What `values` of the model takes: a picture's file is read."""
    if isinstance(value, Tensor):
        return value
    if name == STRENGTH and model.config.control_branch is not None and isinstance(value, float):
        if not 0 <= value <= MAX_STRENGTH:
            raise SfumatoError(
                f"`control-strength` lies between 0 and {MAX_STRENGTH:g}, got {value:g}; 1 is as trained."
            )
        return value
    one = model.named(name)
    if isinstance(value, Control):
        if one.kind != "image":
            raise SfumatoError(f"the condition '{name}' is a {one.kind}, and what was given is a picture.")
        return control_image(model.config, one, value, notes)
    if one.kind == "number" and isinstance(value, float) and abs(value - one.mean[0]) > FAR * one.std[0]:
        notes.append(f"{name} was {one.mean[0]:g} ± {one.std[0]:g} in training, and little was learnt of {value:g}.")
    return value
