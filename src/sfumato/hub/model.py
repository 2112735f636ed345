"""A model: a network with its config, ready to draw."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sfumato.arguments import as_labels, as_seeds, as_texts, shown, whole
from sfumato.data.captions import Texts
from sfumato.data.encoders import Encoder
from sfumato.data.tokens import tokenize, too_long, truncation_notes
from sfumato.diffusion import SCHEDULES, Condition, Level, NetDenoiser, Parameterization
from sfumato.diffusion.levels import broadcast
from sfumato.errors import SfumatoError, unknown
from sfumato.hub.config import TELEPORT, ModelConfig, SamplingConfig
from sfumato.hub.request import check_together, settle
from sfumato.nets import ConditionConfig, build
from sfumato.nets.protocol import memory_format_of
from sfumato.sampling import (
    SAMPLERS,
    Edit,
    Gaussian,
    ImageNoise,
    Rule,
    Step,
    Stepper,
    classifier_free,
    drive,
    grid,
    guide,
    last,
    plain,
    plus_plus,
    projected,
    resolve,
    stepper,
    thresholded,
    walk,
)
from sfumato.sampling.calls import Guided
from sfumato.sampling.editing import begin_from, inpainted, reduced, restored
from sfumato.sampling.guidance import EVERYWHERE
from sfumato.sampling.inverse import downscaled, pseudo_inverse_guided
from sfumato.sampling.walks import OwnWalk
from sfumato.seeds import seeded

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Labels = Sequence[int | None] | int | Tensor | None  # numbers of classes: one a sample, or one for all
Prompts = Sequence[str] | str | None  # one a sample, or one for all
Told = Mapping[str, Tensor | Sequence[float] | float]  # conditions by name
MAX_ROWS = 128  # of one network call: a batch of 64 pictures with and without their condition
STRENGTH = "strength"  # of a branch, told like a condition


class Model:
    """A denoiser with its config. `model.sample(seeds=range(16), labels=[3] * 16)` draws sixteen threes.

    `tokenizer` is there where the network reads prompts, or `encoder` where a frozen one reads them for it:
    `model.sample(range(4), prompts=["a green heart"] * 4)`.
    """

    def __init__(
        self,
        config: ModelConfig,
        denoiser: NetDenoiser,
        source: str = "",
        weights_hash: str = "",
        tokenizer: Tokenizer | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self.config = config
        self.denoiser = denoiser
        self.tokenizer = tokenizer
        self.encoder = encoder
        self.source = source
        self.weights_hash = weights_hash
        self.gaussian: Gaussian | None = None  # of the training data, for sampling.first

    @property
    def device(self) -> torch.device:
        return next(self.denoiser.parameters()).device

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.denoiser.net.parameters())

    @property
    def reads(self) -> bool:
        """Whether it can be told in words what to draw."""
        return self.tokenizer is not None or self.encoder is not None

    @property
    def conditional(self) -> bool:
        """Whether it can be told at all what to draw."""
        return bool(self.config.classes or self.reads or self.config.conditions)

    def label(self, name: str) -> int:
        """The number of the class called `name`; raises SfumatoError that lists the classes."""
        if not self.config.classes:
            words = "; say it in words, as a prompt" if self.reads else ""
            raise SfumatoError(
                f"{self.source or 'this model'} was trained without classes; leave `classes` out{words}."
            )
        if name not in self.config.classes:
            raise unknown("class", name, self.config.classes)
        return self.config.classes.index(name)

    def tokens(self, prompts: Sequence[str]) -> Tensor:
        """Prompts as the network reads them, int64 `(prompts, length)` or an encoder's features of them.

        Raises SfumatoError where it reads none, or where a frozen encoder isn't there any more.
        """
        prompts = as_texts("prompts", prompts, 1 if isinstance(prompts, str) else len(prompts)) or []
        text = self.config.net.text
        if self.encoder is not None:
            return self.encoder(prompts)
        if text is None or self.tokenizer is None:
            known = "; choose with `classes`" if self.config.classes else ""
            raise SfumatoError(
                f"{self.source or 'this model'} was trained without captions; leave the prompt out{known}."
            )
        return tokenize(self.tokenizer, prompts, text.length)

    def truncation_notes(self, prompt: str) -> list[str]:
        """Plain sentences about what of `prompt` the network doesn't see."""
        if self.encoder is not None:
            return self.encoder.truncation_notes(prompt)
        return (
            [] if self.tokenizer is None else truncation_notes(self.tokenizer, prompt, self.tokens([prompt]).shape[1])
        )

    def cut(self, captions: Sequence[Texts]) -> list[str]:
        """A plain sentence where some of `captions` are longer than what the network reads."""
        text = self.config.net.text
        if text is None or (self.encoder is None and self.tokenizer is None):
            return []
        if self.encoder is not None:
            number, of = self.encoder.too_long(captions)
        else:
            assert self.tokenizer is not None
            number, of = too_long(self.tokenizer, captions, text.length)
        return [f"{number:,} of {of:,} captions are cut to the {text.length} tokens that are read."] if number else []

    def condition(
        self,
        count: int,
        labels: Labels = None,
        prompts: Prompts = None,
        told: Told | None = None,
    ) -> dict[str, Tensor]:
        """What the denoiser is told of `count` samples: labels and prompts, or of either that there is none.

        A label that is None says nothing of its sample; a single label or prompt is said of all.

        `told` are other conditions by name, each of one sample or of all: a number, a vector, an image like the
        picture; NaN is not told. Where a branch sees the image, `strength` is how much that counts [default: 1]. Raises
        SfumatoError where the model doesn't know one, or knows one of another size.
        """
        cond, null = {}, len(self.config.classes)
        if (own := as_labels(labels, count, self.config.classes)) is not None or self.config.classes:
            numbers = [null if label is None else label for label in own or [None] * count]
            cond["label"] = torch.tensor(numbers, device=self.device)
        if (said := as_texts("prompts", prompts, count)) is not None or self.reads:
            cond["text"] = self.tokens([""] * count if said is None else said).to(self.device)
        known = {one.name: one for one in self.config.conditions}
        for name, value in (told or {}).items():
            if name == STRENGTH and self.config.control_branch is not None:
                cond[name] = self._strength(count, value).to(self.device)
                continue
            if name not in known:
                if not known:
                    raise SfumatoError(f"{self.source or 'this model'} was trained without '{name}'; leave it out.")
                raise unknown("condition", name, known)
            cond[name] = self._told(known[name], count, value).to(self.device)
        return cond

    def _told(self, one: ConditionConfig, count: int, value: Tensor | Sequence[float] | float) -> Tensor:
        """`value` as the network takes the condition `one` of `count` samples."""
        given = _tensor(f"the condition '{one.name}'", value)
        shape = self.config.shape_of(one)
        if tuple(given.shape) not in (shape, (count, *shape)):
            asked = {"number": "one number", "vector": f"{one.size} numbers", "image": f"an image of {_words(shape)}"}
            raise SfumatoError(
                f"the condition '{one.name}' is {asked[one.kind]}, and what was given is of {_words(given.shape) or 1}."
            )
        if given.isinf().any():
            raise SfumatoError(f"the condition '{one.name}' takes finite numbers.")
        return given.expand(count, *shape)

    def _strength(self, count: int, value: Tensor | Sequence[float] | float) -> Tensor:
        """How much a branch counts for each of `count` samples."""
        given = _tensor(f"the {STRENGTH} of a branch", value)
        if tuple(given.shape) not in ((), (count,)) or not bool((given.isfinite() & (given >= 0)).all()):
            raise SfumatoError(f"the {STRENGTH} of a branch is a finite number from 0, of all samples or one each.")
        return given.expand(count)

    def null(self) -> dict[str, Tensor]:
        """One row of every condition that it knows, none of them given: what stands in for a missing one."""
        conditions = {one.name: torch.full((1, *self.config.shape_of(one)), math.nan) for one in self.config.conditions}
        if self.config.control_branch is not None:
            conditions[STRENGTH] = torch.ones(1)
        return {**{name: value.to(self.device) for name, value in conditions.items()}, **self.condition(1)}

    def walk(
        self,
        seeds: Sequence[int],
        labels: Labels = None,
        sampling: SamplingConfig | None = None,
        prompts: Prompts = None,
        negative: Prompts = None,
        edit: Edit | None = None,
        told: Told | None = None,
        own_walk: OwnWalk | None = None,
    ) -> Guided:
        """What draws one batch, for whoever drives it: alone, as `stream`, or among others (see sampling.advance).

        Image i depends on `seeds[i]` and its conditions alone. Without `labels`, `prompts` or conditions by name
        (`told`, see `condition`) a model draws from all that it was trained on, unconditionally. Guidance leads away
        from the `negative` prompts, where they are given. `edit` is a picture to begin with. `own_walk` takes the
        sampler's place (see sampling.walk).
        """
        sampling, seeds = sampling or self.config.sampling, as_seeds(seeds)
        if sampling.rule == "cfg++" and sampling.guidance > 1:
            raise SfumatoError(f"guidance by cfg++ lies between 0 and 1, not {sampling.guidance:g}.")
        negative = as_texts("negative prompts", negative, len(seeds))
        conditioned = self._conditioned(labels, prompts, told)
        check_together(sampling, conditioned, negative is not None, edit is not None)
        if sampling.first != "network" and self.gaussian is None:
            raise SfumatoError(
                f"the first step '{sampling.first}' needs the data's Gaussian; set model.gaussian = Gaussian.fit(data)."
            )
        name, named_grid = resolve(sampling.sampler)
        by = own_walk or stepper(name, sampling.eta, sampling.steps, sampling.tolerance)
        path = SCHEDULES[sampling.schedule]()
        teleports = sampling.first == "teleport"
        levels = grid(named_grid or sampling.grid, path, sampling.steps, TELEPORT if teleports else None)
        self.denoiser.eval()
        cond = self.condition(len(seeds), labels, prompts, told)
        if cond and conditioned:
            if sampling.guidance != 1 and sampling.interval is not None:
                _check_interval(sampling.interval, levels, name)
            rule = _rule(sampling, self.condition(len(seeds), None, negative), levels)
        else:
            rule = thresholded() if sampling.threshold else plain
        if edit is not None:
            return self._edited(edit, rule, levels, by, seeds, cond)
        noise, start = ImageNoise(seeds, self.config.shape, self.device), None
        if teleports and self.gaussian is not None:
            noisiest = path(1.0)
            full = broadcast((noisiest.alpha**2 + noisiest.sigma**2).sqrt(), first := noise()) * first
            start = self.gaussian.teleport(full, noisiest, levels[0])
        analytical = self.gaussian if sampling.first == "analytical" else None
        return guide(walk(by, levels, noise, start), rule, cond, analytical)

    def stream(self, seeds: Sequence[int], *arguments: Any, **keywords: Any) -> Iterator[Step]:
        """Draw one batch, yielding every step; takes what `walk` takes."""
        steps = self.walk(seeds, *arguments, **keywords)
        return drive(steps, self.denoiser, self.null(), max(len(seeds), MAX_ROWS))

    def _conditioned(self, labels: object, prompts: object, told: Told | None) -> bool:
        """Whether anything says what to draw."""
        return (labels is not None and bool(self.config.classes)) or prompts is not None or bool(told)

    def _edited(
        self, edit: Edit, rule: Rule, levels: Level, by: Stepper | OwnWalk, seeds: Sequence[int], cond: Condition
    ) -> Guided:
        picture, shape = edit.picture.to(self.device), self.config.shape
        if edit.upscale:
            factor = shape[-1] // max(1, picture.shape[-1])
            if factor < 2 or (shape[0], *(factor * side for side in picture.shape[1:])) != tuple(shape):
                raise SfumatoError(
                    f"a picture of {_words(picture.shape)} can't be enlarged to {_words(shape)}: both sides must be "
                    "the same whole fraction of the model's."
                )
            rule = pseudo_inverse_guided(downscaled(factor), picture, self.config.data_std, inner=rule)
            finish = partial(reduced, small=picture, factor=factor)
            return guide(walk(by, levels, ImageNoise(seeds, shape, self.device), finish=finish), rule, cond)
        if edit.mask is None and tuple(picture.shape) != tuple(shape):
            raise SfumatoError(
                f"the picture is {_words(picture.shape)} and the model draws {_words(shape)}; give one of that size."
            )
        noise = ImageNoise(seeds, tuple(picture.shape), self.device)
        rest, start = begin_from(picture.expand(len(seeds), *picture.shape), levels, edit.strength, noise)
        if edit.mask is None:
            return guide(walk(by, rest, noise, start), rule, cond)
        if edit.mask.shape[-2:] != picture.shape[-2:]:
            raise SfumatoError(
                f"the mask is {_words(edit.mask.shape[-2:])} and the picture {_words(picture.shape[-2:])}; "
                "give both one size."
            )
        finish = partial(restored, picture=picture, mask=edit.mask)
        return guide(walk(by, rest, noise, start, finish), inpainted(picture, edit.mask, rule), cond)

    def sample(
        self,
        seeds: Sequence[int],
        labels: Labels = None,
        sampling: SamplingConfig | None = None,
        batch: int = 64,
        prompts: Prompts = None,
        negative: Prompts = None,
        edit: Edit | None = None,
        told: Told | None = None,
        **overrides: Any,
    ) -> Tensor:
        """Draw `(len(seeds), *shape)` on the CPU, `batch` at a time; pictures lie in about [−1, 1].

        What is `told` by name is of one sample, or of as many as there are seeds.

        `overrides` are fields of SamplingConfig: `model.sample(range(4), steps=50, sampler="ddim")`. `sampler` may be a
        walk of one's own too, a generator function (see sampling.walk).
        """
        own_walk = overrides.pop("sampler") if callable(overrides.get("sampler")) else None
        seeds, batch, parts = as_seeds(seeds), whole("batch", batch, 1), []
        labels = as_labels(labels, len(seeds), self.config.classes)
        prompts, negative = (
            as_texts(name, given, len(seeds)) for name, given in (("prompts", prompts), ("negative prompts", negative))
        )
        conditioned = self._conditioned(labels, prompts, told)
        sampling = settle(sampling or self.config.sampling, conditioned, **overrides)
        for first in range(0, len(seeds), batch):
            some = slice(first, first + batch)
            own = None if labels is None else labels[some]
            said, away = (None if texts is None else texts[some] for texts in (prompts, negative))
            about = None if told is None else told_rows(self.config.conditions, told, some)
            parts.append(last(self.stream(seeds[some], own, sampling, said, away, edit, about, own_walk)).x.cpu())
        return torch.cat(parts)


def _rule(sampling: SamplingConfig, null: Condition, levels: Level) -> Rule:
    """How the settings guide towards a condition and away from `null`."""
    interval = sampling.interval or EVERYWHERE
    if sampling.rule == "cfg++":
        rule = plus_plus(sampling.guidance, null, levels, interval)
    else:
        rule = (projected if sampling.rule == "projected" else classifier_free)(sampling.guidance, null, interval)
    return thresholded(rule) if sampling.threshold else rule


def _check_interval(interval: tuple[float, float], levels: Level, sampler: str) -> None:
    """Raises SfumatoError where no step asks within `interval` of sigma/alpha, so that nothing would be guided."""
    low, high = interval
    asked = levels.ratio[:-1]
    between = SAMPLERS[sampler].calls != 1  # some ask between the levels too
    inside = (
        bool(asked.min() <= high and asked.max() >= low) if between else bool(((asked >= low) & (asked <= high)).any())
    )
    if not inside:
        raise SfumatoError(
            f"no step is guided: the `interval` {low:g}-{high:g} of sigma/alpha holds none of the levels, which go "
            f"from {float(asked.max()):.3g} to {float(asked.min()):.3g}; widen it."
        )


def told_rows(conditions: Sequence[ConditionConfig], told: Told, rows: slice | list[int]) -> Told:
    """Those `rows` of what is told of many samples; what is told of one is of all."""
    whole = {STRENGTH: 0} | {one.name: {"number": 0, "vector": 1, "image": 3}[one.kind] for one in conditions}
    some = {}
    for name, value in told.items():
        given = _tensor(f"the condition '{name}'", value)
        some[name] = given[rows] if given.ndim > whole.get(name, given.ndim) else given
    return some


def _tensor(name: str, value: Any) -> Tensor:
    """`value` in float32; raises SfumatoError where it isn't numbers."""
    try:
        return torch.as_tensor(value, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SfumatoError(f"{name} takes numbers, not {shown(value)}.") from error


def _words(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def new_model(config: ModelConfig, seed: int = 0) -> Model:
    """A freshly initialised model; the weights are a function of `config` and `seed`."""
    with seeded("weights", seed):
        net = build(config.net)
    denoiser = NetDenoiser(net, Parameterization(config.parameterization, config.data_std))
    denoiser.to(memory_format=memory_format_of(net))  # type: ignore[call-overload]
    return Model(config, denoiser)
