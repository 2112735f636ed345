"""What a walk asks and shows on its way, and how the calls of one walk or of many become rows of one network call."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from sfumato.diffusion import Condition, Denoiser, Level

E = TypeVar("E")
F = TypeVar("F")
R = TypeVar("R")


class Call(NamedTuple):
    """A question: what is the clean picture behind `x` `(batch, ...)` at `level`, `()`, `(batch,)` or of clips
    `(batch, frames)`, given `cond`?

    A stepper leaves `cond` to its driver. `gradient` asks for an answer that leads back to `x`, which takes a network
    call of its own.
    """

    x: Tensor
    level: Level
    cond: Condition | None = None
    gradient: bool = False


@dataclass(frozen=True)
class Step:
    """What sampling looks like after `index` of `total` steps.

    `x` is the picture at `level`; `x0_hat` the denoiser's latest guess of where it will end (None before the
    first call); `calls` how often the denoiser has been asked so far.
    """

    index: int
    total: int
    level: Level
    x: Tensor
    x0_hat: Tensor | None = None
    calls: int = 0


Asking = Generator[Call, Tensor, R]  # sent the answer to each call
Walk = Generator[Call | Step, Any, None]  # yields its steps too, each sent None, or another x to go on from
Rows = tuple[Call, ...]  # asked together
Answering = Generator[Rows, Sequence[Tensor], Tensor]  # sent the answers to all of them
Rule = Callable[[Call], Answering]
"""A rule of guidance: a generator function that turns one call into several and combines the answers."""
Guided = Generator[Rows | Step, Any, None]  # a walk under a rule: what drivers run


def run(asking: Generator[E, Any, R], reply: Callable[[E], Any]) -> R:
    """What `asking` returns where `reply` answers all that it yields."""
    answer: Any = None
    while True:
        try:
            event = asking.send(answer)
        except StopIteration as end:
            result: R = end.value
            return result
        answer = reply(event)


def relay(asking: Generator[E, Any, R], reply: Callable[[E], Generator[F, Any, Any]]) -> Generator[F, Any, R]:
    """`asking` with each thing that it yields answered by the generator `reply`, which may ask in its turn."""
    answer: Any = None
    while True:
        try:
            event = asking.send(answer)
        except StopIteration as end:
            result: R = end.value
            return result
        answer = yield from reply(event)
        del event  # its picture's memory is for the next one


def answered(asking: Asking[R], denoise: Callable[[Tensor, Level], Tensor]) -> R:
    """What `asking` returns where `denoise(x, level)` answers its calls."""
    return run(asking, lambda call: denoise(call.x, call.level))


def ask(
    denoiser: Denoiser, calls: Sequence[Call], null: Condition | None = None, max_rows: int | None = None
) -> list[Tensor]:
    """The denoiser's answers to `calls`, in as few calls of it as they fit into, of at most `max_rows` rows each.

    What has one shape, one dtype and the same conditions by name becomes rows of one call, with a level a row where
    they differ. `null` has the value of each condition that stands for none, `(1, ...)`: it fills in what some calls
    lack and others have; without it they are asked apart. Gradients are enabled for the calls that want one; to disable
    them for the others is the driver's.
    """
    if len(calls) == 1:
        return [_asked(denoiser, calls[0], max_rows)]
    names = {name for call in calls for name in call.cond or ()}
    filled = [_filled(call, names, null or {}) for call in calls]
    groups: dict[object, list[int]] = {}
    for index, call in enumerate(filled):
        groups.setdefault(_kind(call), []).append(index)
    answers: dict[int, Tensor] = {}
    for group in groups.values():
        whole = _asked(denoiser, _joined([filled[index] for index in group]), max_rows)
        answers.update(zip(group, whole.split([len(filled[index].x) for index in group]), strict=True))
    return [answers[index] for index in range(len(calls))]


def _asked(denoiser: Denoiser, call: Call, max_rows: int | None) -> Tensor:
    if call.gradient and not torch.is_grad_enabled():
        with torch.enable_grad():
            return _asked(denoiser, call, max_rows)
    answers = [denoiser(part.x, part.level, part.cond) for part in _parts(call, max_rows)]
    return answers[0] if len(answers) == 1 else torch.cat(answers)


def _filled(call: Call, names: set[str], null: Condition) -> Call:
    """The call with the null of each condition that others have and it lacks."""
    missing = {name: null[name] for name in sorted(names.difference(call.cond or ())) if name in null}
    if not missing:
        return call
    more = {name: value.expand(len(call.x), *value.shape[1:]) for name, value in missing.items()}
    return call._replace(cond={**(call.cond or {}), **more})


def _kind(call: Call) -> object:
    """What calls must have in common to be joined; nothing has it in common with one whose conditions aren't rows."""
    if not _has_rows(call):
        return id(call)
    cond = sorted((name, value.shape[1:], value.dtype) for name, value in (call.cond or {}).items())
    return call.x.shape[1:], call.x.dtype, call.x.device, call.gradient, tuple(map(str, cond))


def _has_rows(call: Call) -> bool:
    values: Mapping[str, Any] = call.cond or {}
    return all(isinstance(value, Tensor) and value.shape[:1] == call.x.shape[:1] for value in values.values())


def _joined(calls: Sequence[Call]) -> Call:
    """Calls of one kind as one."""
    first = calls[0]
    if len(calls) == 1:
        return first
    level = first.level
    if level.shape or any(call.level is not level for call in calls):
        shape = first.x.shape[1 : max(2 if len(call.level.shape) > 1 else 1 for call in calls)]  # of one row's levels
        each = [level_of_rows(call, shape) for call in calls]
        level = Level(torch.cat([one.alpha for one in each]), torch.cat([one.sigma for one in each]))
    cond = {name: torch.cat([(call.cond or {})[name] for call in calls]) for name in first.cond or ()}
    with torch.enable_grad() if first.gradient else nullcontext():
        return Call(torch.cat([call.x for call in calls]), level, cond or first.cond, first.gradient)


def level_of_rows(call: Call, shape: Sequence[int] = ()) -> Level:
    """The call's level as one a row, or with levels of this `shape`, of frames, for each of them."""
    alpha, sigma = (
        value.reshape(*value.shape, *[1] * (1 + len(shape) - value.ndim)).expand(len(call.x), *shape)
        for value in (call.level.alpha, call.level.sigma)
    )
    return Level(alpha, sigma)


def _parts(call: Call, max_rows: int | None) -> list[Call]:
    """The call in equal parts of at most `max_rows` rows."""
    if max_rows is None or call.x.shape[0] <= max_rows or not _has_rows(call):
        return [call]
    size = -(-len(call.x) // -(-len(call.x) // max_rows))
    rows = [slice(start, start + size) for start in range(0, len(call.x), size)]
    conds = [call.cond and {name: value[some] for name, value in call.cond.items()} for some in rows]
    levels = [call.level[some] if call.level.shape else call.level for some in rows]
    own = zip(rows, levels, conds, strict=True)
    return [Call(call.x[some], level, cond, call.gradient) for some, level, cond in own]
