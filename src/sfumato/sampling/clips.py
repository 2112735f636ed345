"""Clips: frames that are given, and windows that go on from each other, for as many frames as are wanted."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from sfumato.diffusion import Condition, Level
from sfumato.sampling.calls import Answering, Call, Guided, Rows, Rule, Step, level_of_rows
from sfumato.sampling.editing import restored
from sfumato.sampling.steppers import Noise, Stepper
from sfumato.sampling.walks import OwnWalk, guide, walk

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


def windows(frames: int, size: int) -> list[tuple[int, int]]:
    """Where each window of at most `size` begins and ends in a clip of so many `frames`: the next one goes on from a
    share CONTEXT of the one before, or of more where the clip ends with it."""
    found = [(0, min(frames, size))]
    while (end := found[-1][1]) < frames:
        end = min(frames, end + max(1, size - max(1, round(CONTEXT * size))))
        found.append((end - size, end))
    return found


def clip_walk(
    by: Stepper | OwnWalk,
    levels: Level,
    parts: Sequence[tuple[int, int]],
    noise: Callable[[int, int], Noise],
    rule: Rule,
    cond: Condition | None,
    given: KnownFrames | None = None,
    start: Tensor | None = None,
) -> Guided:
    """The walk of clips in windows, the `parts`; a step shows all that is there by then.

    `noise(window, frames)` is that of one window, from 0: what each row draws. `given` are frames of the whole clip
    that are kept bit for bit. Without them, and within one window, it is the plain walk, from `start` if there is one.
    """
    clip: Tensor | None = None
    for number, (begin, end) in enumerate(parts):
        draw, known = noise(number, end - begin), _known_of(given, clip, begin, end)
        if known is None:
            steps = guide(walk(by, levels, draw, start), rule, cond)
        else:
            finish = _keep(known)
            shown = with_known(known, draw(), rule)
            steps = guide(walk(by, levels, draw, start, finish), shown, cond)
        clip = yield from _onwards(steps, clip, begin, number, len(parts))


def _keep(known: KnownFrames) -> Callable[[Tensor], Tensor]:
    return lambda x: restored(x, known.frames, known.mask)


def _known_of(given: KnownFrames | None, clip: Tensor | None, begin: int, end: int) -> KnownFrames | None:
    """What is known of a window: the part of `clip` that is generated, and those that are `given`."""
    if clip is None and (given is None or not bool(given.known[begin:end].any())):
        return None
    known = torch.zeros(end - begin, dtype=torch.bool)
    if clip is None:
        assert given is not None
        return KnownFrames(given.frames[:, begin:end], given.known[begin:end])
    context = clip.shape[1] - begin
    known[:context] = True
    frames = torch.cat([clip[:, begin:], torch.zeros_like(clip[:, : end - begin - context])], dim=1)
    if given is not None:
        frames = restored(frames, given.frames[:, begin:end], ~given.known[begin:end, None, None, None])
        known |= given.known[begin:end]
    return KnownFrames(frames, known)


def _onwards(
    steps: Guided, clip: Tensor | None, begin: int, number: int, count: int
) -> Generator[Rows | Step, Any, Tensor]:
    """The steps of a window as those of the whole clip; returns the clip with what the window has added."""
    answer, calls = None, 0
    whole: Tensor | None = clip
    while True:
        try:
            event = steps.send(answer)
        except StopIteration:
            assert whole is not None
            return whole
        if isinstance(event, Step):
            whole = event.x if clip is None else torch.cat([clip[:, :begin], event.x], dim=1)
            hat = event.x0_hat
            if clip is not None and hat is not None:
                hat = torch.cat([clip[:, :begin], hat], dim=1)
            calls = event.calls
            total = count * event.total
            event = replace(
                event, index=number * event.total + event.index, total=total, x=whole, x0_hat=hat, calls=calls
            )
        answer = yield event
