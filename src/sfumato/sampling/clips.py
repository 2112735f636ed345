"""Clips: frames that are given, and windows that go on from each other, for as many frames as are wanted."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sfumato.diffusion import Condition, Level
from sfumato.sampling.calls import Answering, Call, Guided, Rows, Rule, Step, level_of_rows, relay
from sfumato.sampling.editing import restored
from sfumato.sampling.steppers import Noise, Stepper
from sfumato.sampling.walks import OwnWalk, guide, walk

FRAME_NUMBERS = "frame_numbers"  # the condition that says which frames of a clip they are, where some are left out
CONTEXT = 0.5  # of a window, which the next one goes on from
SHOWN_RATIO = (
    0.05  # sigma/alpha of frames that are given, as the network is shown them: it was trained with 0.02 to 0.2
)


@dataclass(frozen=True, eq=False)
class KnownFrames:
    """Frames `(batch or 1, frames, channels, height, width)` of a clip, of which those are known where `known` is true.

    `known` is bool `(frames,)`; what the others hold counts for nothing.
    """

    frames: Tensor
    known: Tensor

    @property
    def mask(self) -> Tensor:
        """True where frames are to be generated, `(frames, 1, 1, 1)`."""
        return ~self.known[:, None, None, None]


def with_known(given: KnownFrames, noise: Tensor, inner: Rule) -> Rule:
    """The answers of `inner`, which is shown known frames nearly clean, at a level of their own; they are the answer
    there, so that they walk straight from their noise to what they are.

    `noise` `(batch, frames, ...)` is what they are shown with.
    """
    low = Level.of(1.0, SHOWN_RATIO)
    shown = low.add_noise(given.frames.to(noise), noise)

    def fill(call: Call) -> Answering:
        level = level_of_rows(call, call.x.shape[1:2])
        pairs = ((low.alpha, level.alpha), (low.sigma, level.sigma))
        alpha, sigma = (torch.where(given.known.cpu(), known, own) for known, own in pairs)
        x = restored(call.x, shown, given.mask)
        answer = yield from inner(call._replace(x=x, level=Level(alpha, sigma)))
        return restored(answer, given.frames, given.mask)

    return fill


class Part(NamedTuple):
    """Frames that are generated together: their `numbers` in the clip, of a window that begins at frame `begin`.

    Those that are `settled`, bool `(frames,)`, an earlier part of the window has generated; None in its first one.
    """

    begin: int
    numbers: list[int]
    settled: Tensor | None = None

    @property
    def whole(self) -> bool:
        """Whether they follow one another, none left out."""
        return self.numbers[-1] - self.numbers[0] < len(self.numbers)


def windows(frames: int, size: int) -> list[tuple[int, int]]:
    """Where each window of at most `size` begins and ends in a clip of so many `frames`: the next one goes on from a
    share CONTEXT of the one before, or of more where the clip ends with it."""
    found = [(0, min(frames, size))]
    while (end := found[-1][1]) < frames:
        end = min(frames, end + max(1, size - max(1, round(CONTEXT * size))))
        found.append((end - size, end))
    return found


def parts_of(frames: int, size: int, anchors: int | None = None, given: Sequence[int] = ()) -> list[Part]:
    """What of a clip of so many `frames` is generated together, one part after another.

    Each window of at most `size` is one, or with `anchors` several: first as many frames, from its first to its last,
    and those `given`; then what lies between two of them, each time with all of them (Harvey et al. 2022, "Flexible
    diffusion modeling of long videos").
    """
    parts, there = list[Part](), set[int]()
    for begin, end in windows(frames, size):
        each = [Part(begin, [*range(begin, end)])]
        if anchors is not None and end - begin > anchors:
            even = {begin + round(at * (end - 1 - begin) / (anchors - 1)) for at in range(anchors)}
            first = sorted(even | {number for number in given if begin <= number < end})
            each = [Part(begin, first)]
            for low, high in pairwise(first):
                numbers = sorted({*first, *range(low, high)})
                settled = torch.isin(torch.tensor(numbers), torch.tensor(first))
                each += [Part(begin, numbers, settled)] if high - low > 1 else []
        for part in each:
            if not there.issuperset(part.numbers):
                parts.append(part)
                there.update(part.numbers)
    return parts


def clip_walk(
    by: Stepper | OwnWalk,
    levels: Level,
    parts: Sequence[Part],
    noise: Callable[[int, int], Noise],
    rule: Rule,
    cond: Condition | None,
    given: KnownFrames | None = None,
    start: Tensor | None = None,
) -> Guided:
    """The walk of clips in `parts` (see `parts_of`); a step shows all frames that are there by then.

    `noise(part, frames)` is that of one part, from 0: what each row draws. `given` are frames of the whole clip
    that are kept bit for bit, and `start` is the whole noisy clip to begin with. In one part and without `given`, it
    is the plain walk.
    """
    clip, there = None, list[int]()
    for number, part in enumerate(parts):
        draw, known = noise(number, len(part.numbers)), _known_of(given, clip, there, part)
        told = rule if part.whole else _numbered(part, rule)
        begun = None if start is None else start[:, part.numbers]
        if known is None:
            steps = guide(walk(by, levels, draw, begun), told, cond)
        else:
            shown = with_known(known, draw(), told)
            steps = guide(walk(by, levels, draw, begun, _keep(known)), shown, cond)
        clip = yield from _onwards(steps, clip, there, part, number, len(parts))
        there = sorted({*there, *part.numbers})


def _numbered(part: Part, inner: Rule) -> Rule:
    """The answers of `inner`, whose calls say which frames of the window they are about."""
    numbers = torch.tensor(part.numbers) - part.begin

    def tell(call: Call) -> Answering:
        rows = numbers.to(call.x.device).expand(len(call.x), -1)

        def told(calls: Rows) -> Generator[Rows, Sequence[Tensor], Sequence[Tensor]]:
            return (yield tuple(one._replace(cond={**(one.cond or {}), FRAME_NUMBERS: rows}) for one in calls))

        return (yield from relay(inner(call), told))

    return tell


def _keep(known: KnownFrames) -> Callable[[Tensor], Tensor]:
    return lambda x: restored(x, known.frames, known.mask)


def _known_of(given: KnownFrames | None, clip: Tensor | None, there: Sequence[int], part: Part) -> KnownFrames | None:
    """What is known of a part: those frames of `clip` that are `there` by now, and those that are `given`."""
    numbers = torch.tensor(part.numbers)
    known = torch.isin(numbers, torch.tensor(there, dtype=torch.long))
    if clip is None:
        if given is None or not bool(given.known[numbers].any()):
            return None
        return KnownFrames(given.frames[:, numbers], given.known[numbers])
    frames = clip.new_zeros(len(clip), len(numbers), *clip.shape[2:])
    frames[:, known] = clip[:, torch.isin(torch.tensor(there), numbers)]
    if given is not None:
        frames = restored(frames, given.frames[:, numbers], ~given.known[numbers, None, None, None])
        known |= given.known[numbers]
    return KnownFrames(frames, known)


def _onwards(
    steps: Guided, clip: Tensor | None, there: Sequence[int], part: Part, number: int, count: int
) -> Generator[Rows | Step, Any, Tensor]:
    """The steps of a part as those of the whole clip; returns the clip with what the part has added."""
    ahead = [at for at, one in enumerate(there) if one not in {*part.numbers}]
    order = torch.tensor([*(there[at] for at in ahead), *part.numbers]).argsort()

    def joined(x: Tensor) -> Tensor:
        return x if clip is None or not ahead else torch.cat([clip[:, ahead], x], dim=1)[:, order]

    answer, whole = None, clip
    while True:
        try:
            event = steps.send(answer)
        except StopIteration:
            assert whole is not None
            return whole
        if isinstance(event, Step):
            whole, total = joined(event.x), count * event.total
            hat = None if event.x0_hat is None else joined(event.x0_hat)
            event = replace(event, index=number * event.total + event.index, total=total, x=whole, x0_hat=hat)
        answer = yield event
