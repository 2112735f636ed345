"""What a model is conditioned on: its classes, prompts, and numbers, vectors and images by name, as tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sfumato.arguments import as_labels, as_texts, shown
from sfumato.data.captions import Texts as Caption
from sfumato.data.encoders import Encoder
from sfumato.data.tokens import tokenize, too_long, truncation_notes
from sfumato.diffusion import NetDenoiser
from sfumato.errors import SfumatoError, unknown
from sfumato.hub.codec import Codec
from sfumato.hub.config import ModelConfig, SamplingConfig
from sfumato.hub.diffusers.texts import PipelineText
from sfumato.hub.settings import WALKED, settle, tuned_like
from sfumato.nets import ConditionConfig
from sfumato.sampling import Gaussian

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Labels = Sequence[str | int | None] | str | int | Tensor | None  # classes, by name or number: one a sample, or of all
Texts = Sequence[str] | str | None  # one a sample, or one of all
Value = Tensor | Sequence[float] | float
Values = Mapping[str, Value]  # conditions by name
STRENGTH = "strength"  # of a control branch, given like a condition


class Conditioned:
    """A denoiser with its config, and what makes its conditions of labels, prompts and values by name.

    `tokenizer` is there where the network reads prompts, or `encoder` where a frozen one reads them for it.
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
        self.codec: Codec | None = None  # what makes pictures of the latents that it generates
        self.gaussian: Gaussian | None = None  # of the training data, for sampling.first
        self.tuned: tuple[SamplingConfig, ...] = ()  # walks of few steps, some maybe of other weights

    @property
    def device(self) -> torch.device:
        return next(self.denoiser.parameters()).device

    @property
    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.denoiser.net.parameters())

    @property
    def text_conditional(self) -> bool:
        """Whether it takes prompts."""
        return self.tokenizer is not None or self.encoder is not None

    @property
    def conditional(self) -> bool:
        """Whether it takes anything that says what to generate."""
        return bool(self.config.classes or self.text_conditional or self.config.conditions)

    def settle(self, conditioned: bool, **given: Any) -> SamplingConfig:
        """The model's own settings with those `given` in their place (see settings.py).

        Where none of those says how to walk and the model is tuned for the others, that is how it walks.
        """
        settings = settle(self.config.sampling, conditioned, **given)
        found = None if given.keys() & {*WALKED, "tuned"} else tuned_like(settings, self._own_tuned)
        return settings if found is None else found

    @property
    def _own_tuned(self) -> list[SamplingConfig]:
        return [one for one in self.tuned if one.tuned is not None and one.tuned.weights == self.weights_hash]

    @property
    def tuned_steps(self) -> list[int]:
        """In how many steps a walk is tuned to these weights."""
        return sorted({one.steps for one in self._own_tuned})

    def labels(self, labels: Labels, count: int) -> list[int | None] | None:
        """The number of the class of each of `count` samples; one label alone, a name or a number, is of all.

        None for those of no class. Raises SfumatoError for what is none of the classes, or not as many.
        """
        if labels is not None and not self.config.classes:
            words = "; say it in words, as a prompt" if self.text_conditional else ""
            raise SfumatoError(f"{self.source or 'this model'} was trained without classes; leave `labels` out{words}.")
        return as_labels(labels, count, self.config.classes)

    def tokens(self, prompts: Sequence[str], what: str = "the prompt", weighted: bool = False) -> Tensor:
        """Prompts as the network takes them, int64 `(prompts, length)` or an encoder's features of them; those that
        are `weighted` have weights in them, such as (red:1.3).

        Raises SfumatoError where it takes none, which says to leave `what` out, or where a frozen encoder isn't there
        any more.
        """
        prompts = as_texts("prompts", prompts, 1 if isinstance(prompts, str) else len(prompts)) or []
        text = self.config.net.text
        if weighted and not isinstance(self.encoder, PipelineText):
            raise SfumatoError(
                f"{self.source or 'this model'} knows no weights within prompts, as pipelines of diffusers do; "
                "leave `prompt_weights` out."
            )
        if isinstance(self.encoder, PipelineText):
            return self.encoder(prompts, weighted)
        if self.encoder is not None:
            return self.encoder(prompts)
        if text is None or self.tokenizer is None:
            known = "; choose with `labels`" if self.config.classes else ""
            raise SfumatoError(f"{self.source or 'this model'} was trained without captions; leave {what} out{known}.")
        return tokenize(self.tokenizer, prompts, text.length)

    def truncation_notes(self, prompt: str) -> list[str]:
        """Plain sentences about what of `prompt` the network doesn't see."""
        if self.encoder is not None:
            return self.encoder.truncation_notes(prompt)
        length = self.tokens([prompt]).shape[1]
        return [] if self.tokenizer is None else truncation_notes(self.tokenizer, prompt, length)

    def cut(self, captions: Sequence[Caption]) -> list[str]:
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
        prompts: Texts = None,
        conditions: Values | None = None,
        weighted: bool = False,
    ) -> dict[str, Tensor]:
        """The denoiser's conditions for `count` samples: labels and prompts, or of either that there is none.

        A label that is None says nothing of its sample; a single label or prompt is of all. `conditions` are others by
        name (see `values`). Prompts that are `weighted` have weights in them (see `tokens`).
        """
        cond, null = {}, len(self.config.classes)
        if (own := self.labels(labels, count)) is not None or self.config.classes:
            numbers = [null if label is None else label for label in own or [None] * count]
            cond["label"] = torch.tensor(numbers, device=self.device)
        if (texts := as_texts("prompts", prompts, count)) is not None or self.text_conditional:
            read = [""] * count if texts is None else texts
            cond["text"] = self.tokens(read, weighted=weighted and texts is not None).to(self.device)
        values = self.values(count, conditions or {})
        return cond | {name: value.to(self.device) for name, value in values.items()}

    def null(self) -> dict[str, Tensor]:
        """One row of every condition that it knows, none of them given: what stands in for a missing one."""
        values = {one.name: torch.full((1, *self.config.shape_of(one)), math.nan) for one in self.config.conditions}
        if self.config.control_branch is not None:
            values[STRENGTH] = torch.ones(1)
        return {**{name: value.to(self.device) for name, value in values.items()}, **self.condition(1)}

    def values(self, count: int, conditions: Values) -> dict[str, Tensor]:
        """Conditions by name as the network takes them, `(count, ...)`: each of one sample or of all.

        A number, a vector, an image like the picture; NaN is none. With a control branch, `strength` is how
        much its image counts [default: 1]. Raises SfumatoError where the model doesn't know one, or knows one of
        another size.
        """
        strong = STRENGTH if self.config.control_branch is not None else None
        return {
            name: _strength(count, value) if name == strong else self._value(self.named(name), count, value)
            for name, value in conditions.items()
        }

    def named(self, name: str) -> ConditionConfig:
        """The number, vector or image called `name`; raises SfumatoError where it knows none of that name."""
        known = {one.name: one for one in self.config.conditions}
        if not known:
            raise SfumatoError(f"{self.source or 'this model'} was trained without '{name}'; leave it out.")
        if name not in known:
            raise unknown("condition", name, known)
        return known[name]

    def _value(self, one: ConditionConfig, count: int, value: Value) -> Tensor:
        """`value` as the network takes the condition `one` of `count` samples."""
        given = _tensor(f"the condition '{one.name}'", value)
        shape = self.config.shape_of(one)
        if tuple(given.shape) not in (shape, (count, *shape)):
            asked = {"number": "one number", "vector": f"{one.size} numbers", "image": f"an image of {times(shape)}"}
            raise SfumatoError(
                f"the condition '{one.name}' is {asked[one.kind]}, and what was given is of {times(given.shape) or 1}."
            )
        if given.isinf().any():
            raise SfumatoError(f"the condition '{one.name}' takes finite numbers.")
        return given.expand(count, *shape)


def _strength(count: int, value: Value) -> Tensor:
    """How much a control branch counts for each of `count` samples."""
    given = _tensor(f"the {STRENGTH} of a control branch", value)
    if tuple(given.shape) not in ((), (count,)) or not bool((given.isfinite() & (given >= 0)).all()):
        raise SfumatoError(f"the {STRENGTH} of a control branch is a finite number from 0, of all samples or one each.")
    return given.expand(count)


def _tensor(name: str, value: Any) -> Tensor:
    """`value` in float32; raises SfumatoError where it isn't numbers."""
    try:
        return torch.as_tensor(value, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SfumatoError(f"{name} takes numbers, not {shown(value)}.") from error


def times(shape: Sequence[int]) -> str:
    """A shape in words: 3 × 32 × 32."""
    return " × ".join(map(str, shape))
