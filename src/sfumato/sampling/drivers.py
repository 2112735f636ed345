"""Who runs a walk: alone, or many at once, whose calls become rows of one network call."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, MutableMapping, Sequence
from itertools import islice
from typing import TypeVar

import torch
from torch import Tensor

from sfumato.diffusion import Condition, Denoiser, Level
from sfumato.sampling.calls import Guided, Rows, Rule, Step, ask
from sfumato.sampling.guidance import plain
from sfumato.sampling.steppers import Noise, Stepper
from sfumato.sampling.walks import OwnWalk, guide, walk

K = TypeVar("K")


def sample(
    denoiser: Denoiser,
    grid: Level,
    stepper: Stepper | OwnWalk,
    noise: Noise,
    cond: Condition | None = None,
    start: Tensor | None = None,
    analytical: Denoiser | None = None,
    guidance: Rule = plain,
    finish: Callable[[Tensor], Tensor] | None = None,
) -> Iterator[Step]:
    """Walk down `grid` (a Level of shape `(steps + 1,)`), yielding the start and then every step.

    The walk itself is that of `walk`, under `guidance`; `analytical` answers the first question in the denoiser's
    place, at no call (the analytical first step; see Gaussian). The last Step's `x` is the result.
    """
    return drive(guide(walk(stepper, grid, noise, start, finish), guidance, cond, analytical), denoiser)


def drive(
    walk: Guided, denoiser: Denoiser, null: Condition | None = None, max_rows: int | None = None
) -> Iterator[Step]:
    """The steps of one walk alone, its calls answered by `denoiser` (see `ask`)."""
    while True:
        with torch.no_grad():  # not while the reader has the step: a generator must not leak the mode
            try:
                event = next(walk)
                while not isinstance(event, Step):
                    answers = ask(denoiser, event, null, max_rows)
                    del event  # its picture's memory is for the next one
                    event = walk.send(answers)
            except StopIteration:
                return
        yield event
        del event


def until_asked(
    walk: Guided, answers: Sequence[Tensor] | Exception | None = None
) -> Generator[Step, None, Rows | None]:
    """The steps of `walk`, sent the `answers` to its last calls, until it asks again; returns the calls, None at its
    end. An error in the place of the answers is raised within the walk; None begins it.
    """
    while True:
        try:
            with torch.no_grad():  # not while the reader has the step
                event = walk.throw(answers) if isinstance(answers, Exception) else walk.send(answers)
        except StopIteration:
            return None
        if not isinstance(event, Step):
            rows: Rows = event
            return rows
        answers = None
        yield event


def answer(
    turn: Mapping[K, Rows], denoiser: Denoiser, null: Condition | None = None, max_rows: int | None = None
) -> dict[K, Sequence[Tensor] | Exception]:
    """The denoiser's answers to the calls of each walk of a turn, asked as rows of one network call (see `ask`).

    Where that fails each walk is asked for by itself, so that a bad row has its error for an answer and no other has.
    """
    try:
        with torch.no_grad():
            answers = ask(denoiser, [call for rows in turn.values() for call in rows], null, max_rows)
    except Exception as error:
        if len(turn) == 1:
            return dict.fromkeys(turn, error)
        return {key: answer({key: rows}, denoiser, null, max_rows)[key] for key, rows in turn.items()}
    each = iter(answers)
    return {key: list(islice(each, len(rows))) for key, rows in turn.items()}


def advance(
    walks: MutableMapping[K, Guided], denoiser: Denoiser, null: Condition | None = None, max_rows: int | None = None
) -> Iterator[tuple[K, Step | Exception]]:
    """Run all of `walks` together, yielding each step by the key of its walk; each walk leaves `walks` as it ends.

    Walks of whatever sampler, grid, guidance, conditions and age are asked for as rows of one network call, with a
    level a row: those that have waited longest, up to `max_rows` rows. Each arrives where it would alone. `null` stands
    for the conditions that some have and others lack (see `ask`). Between steps walks may be added to `walks`, and
    taken out to drop them. A walk that fails, or whose rows do, yields its error in the place of a step, and the others
    go on.
    """
    waiting: dict[K, tuple[Guided, Rows]] = {}

    def on(key: K, answers: Sequence[Tensor] | Exception | None = None) -> Iterator[tuple[K, Step | Exception]]:
        """The walk's steps until it asks again; a generator, since a reader may drop the walk at each."""
        own = walks[key]
        steps = until_asked(own, answers)
        while walks.get(key) is own:
            event: Step | Exception
            try:
                event = next(steps)
            except StopIteration as end:
                if end.value is None:
                    del walks[key]
                else:
                    waiting[key] = own, end.value
                return
            except Exception as error:
                del walks[key]
                event = error
            yield key, event

    while walks:
        for key, (own, _) in list(waiting.items()):
            if walks.get(key) is not own:  # dropped, or another by its key
                del waiting[key]
        for key in [key for key in walks if key not in waiting]:
            if key in walks:
                yield from on(key)
        turn = _next_in_turn(waiting, max_rows)
        answers = answer({key: rows for key, (_, rows) in turn.items()}, denoiser, null, max_rows)
        for key, (own, _) in turn.items():
            del waiting[key]
            mine = answers.pop(key)
            if walks.get(key) is own:
                yield from on(key, mine)


def _next_in_turn(waiting: Mapping[K, tuple[Guided, Rows]], max_rows: int | None) -> dict[K, tuple[Guided, Rows]]:
    """Those that have waited longest, as many as fit; one that wants a gradient by itself, as it keeps the graph."""
    turn: dict[K, tuple[Guided, Rows]] = {}
    count = 0
    for key, (own, rows) in waiting.items():
        apart = any(call.gradient for call in rows)
        count += sum(len(call.x) for call in rows)
        if turn and (apart or (max_rows is not None and count > max_rows)):
            break
        turn[key] = own, rows
        if apart:
            break
    return turn


def last(steps: Iterator[Step]) -> Step:
    """The final step of a stream."""
    final = None
    for step in steps:
        final = step
    if final is None:
        raise ValueError("the stream holds no steps")
    return final
