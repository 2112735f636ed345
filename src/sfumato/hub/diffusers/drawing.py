"""How pictures are generated from a folder that has no code of ours: a network, and walks that are written as sums.

What is here is written into the folder, as the core of its pipeline (see pipeline_folder.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from sfumato.diffusion.levels import combine
from sfumato.hub.diffusers.spelling import Spelling
from sfumato.sampling.noise import ImageNoise

Asked = Callable[..., Tensor]


class Drawing:
    """The `network` walked as `about` says: its shape, classes, conditions, tokenizer, and walks by their steps.

    A walk's lines are those of Sfumato's walk.json: each fills a register, with a sum of the registers before.
    """

    def __init__(self, network: Asked, about: Mapping[str, Any], device: torch.device) -> None:
        self.network, self.about, self.device = network, about, device
        self.spelling = Spelling(about["tokenizer"]) if about["tokenizer"] else None

    def conditions(
        self, count: int, prompts: Any = None, labels: Any = None, values: Mapping[str, Any] | None = None
    ) -> dict[str, Tensor]:
        """What the network is given for `count` pictures; none of a condition where it is None."""
        about, found = self.about, dict[str, Tensor]()
        if about["classes"]:
            named = {name: number for number, name in enumerate(about["classes"])}
            given = [named.get(one, one) for one in _each(labels, count)]
            if any(one is not None and one not in range(len(named)) for one in given):
                raise ValueError(f"class_labels are names or numbers of the classes {', '.join(named)}.")
            numbers = [len(named) if one is None else one for one in given]
            found["label"] = torch.tensor(numbers, device=self.device)
        elif labels is not None:
            raise ValueError("the model was trained without classes; leave class_labels out.")
        if self.spelling is not None:
            texts = [one or "" for one in _each(prompts, count)]
            rows = [self.spelling(text, about["tokens"]) for text in texts]
            found["text"] = torch.tensor(rows, device=self.device)
        elif prompts is not None:
            raise ValueError("the model was trained without captions; leave the prompt out.")
        given_values = dict(values or {})
        for name, shape in about["conditions"].items():
            absent = 1.0 if name == "strength" else math.nan  # of a control branch, which counts 1 in training
            value = torch.as_tensor(given_values.pop(name, absent), dtype=torch.float32, device=self.device)
            found[name] = value.expand(count, *shape)
        if given_values:
            raise ValueError(f"the model has no condition {next(iter(given_values))}.")
        return found

    def walk(self, steps: int, guidance: float) -> Mapping[str, Any]:
        """The walk of so many steps; one that was tuned, for the guidance that it was tuned to."""
        about, key = self.about, str(steps)
        tuned: Mapping[str, Any] = about["tuned"] if guidance == about["guidance"] else {}
        walk: Mapping[str, Any] | None = tuned.get(key) or about["walks"].get(key)
        if walk is None:
            raise ValueError(f"the folder has walks of {', '.join(about['walks'])} steps, and none of {steps}.")
        return walk

    def __call__(
        self,
        seeds: Sequence[int],
        steps: int,
        guidance: float,
        cond: Mapping[str, Tensor],
        null: Mapping[str, Tensor],
        start: Tensor | None = None,
        asked: Callable[[], Any] = lambda: None,
    ) -> Tensor:
        """Pictures, or latents, of the `seeds`; `start` is noise in the place of theirs. `asked` is called with each
        question to the network."""
        walk, noise = self.walk(steps, guidance), ImageNoise(seeds, self.about["shape"], self.device)
        first = noise()
        registers = [walk["scale"] * (first if start is None else start.to(first))]

        def total(terms: Sequence[tuple[int, float]]) -> Tensor:
            return combine([(float(coefficient), registers[index]) for index, coefficient in terms])

        for line in walk["lines"]:
            if "ask" in line:
                registers.append(self._answer(total(line["ask"]), line, guidance, cond, null))
                asked()
            elif "draw" in line:
                registers.append(noise())
            elif "clip" in line:
                registers.append(total(line["clip"]).clamp(-1, 1))
            else:
                registers.append(total(line["arrive"]))
        found: Tensor = registers[-1]
        return found

    def _answer(
        self, at: Tensor, line: Mapping[str, float], guidance: float, cond: Mapping[str, Tensor], null: Any
    ) -> Tensor:
        """The estimate of the clean picture, by classifier-free guidance (Ho & Salimans 2022, eq. 6)."""
        both = [one for one, counts in ((cond, guidance != 0), (null, guidance != 1)) if counts]
        given = {name: torch.cat([one[name] for one in both]) for name in cond}
        x = torch.cat([at] * len(both))
        answer = self.network(line["c_in"] * x, x.new_full(x.shape[:1], line["c_noise"]), **given)
        clean = combine([(float(line["c_skip"]), x), (float(line["c_out"]), answer)])
        with_it, *without = clean.chunk(len(both))
        return without[0].lerp(with_it, guidance) if without else with_it


def _each(given: Any, count: int) -> list[Any]:
    """One for each of `count` pictures: a single one is of all."""
    if given is None or isinstance(given, str | int):
        return [given] * count
    if len(given) != count:
        raise ValueError(f"{count} pictures need as many prompts or classes, got {len(given)}.")
    return list(given)
