"""How to sample: what a caller gives in the place of a model's own settings, and what goes together in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sfumato.diffusion import Level
from sfumato.errors import SfumatoError, unknown
from sfumato.hub.config import RULES, TELEPORT, SamplingConfig
from sfumato.sampling import CONSISTENCY, Stepper, grid, stepper
from sfumato.sampling import resolve as resolve_sampler

MANY = 8  # steps of a student, each of which draws its noise anew
WALKED = ("sampler", "grid", "schedule", "eta", "tolerance")  # what a tuned walk decides


def settle(own: SamplingConfig, conditioned: bool, **given: Any) -> SamplingConfig:
    """A model's `own` settings with those that are `given`, fields of SamplingConfig, in their place.

    What is given and could not count is refused with a SfumatoError; the model's own that no longer count are dropped:
    so the settings say what is done. A sampler by another tool's name brings the grid that is part of the name.
    """
    for name in given:
        if name not in (names := [field.name for field in fields(SamplingConfig)]):
            raise unknown("setting of sampling", name, names)
    if given:  # what is tuned is tuned to the rest
        own = replace(own, tuned=None)
    replace(own, **given)  # looks at each, before any is used
    named, named_grid = resolve_sampler(given["sampler"]) if "sampler" in given else (None, None)
    if named is not None:
        given["sampler"] = named
        if named_grid is not None and given.setdefault("grid", named_grid) != named_grid:
            raise SfumatoError(
                f"the sampler's name says the grid {named_grid} and `grid` says {given['grid']}; leave one of them out."
            )
        if named != resolve_sampler(own.sampler)[0]:  # an eta or a tolerance belongs to the sampler it was given for
            own = replace(own, eta=None, tolerance=None)
    settings = replace(own, **given)
    guidance, rule = settings.guidance, settings.rule
    if not conditioned:
        if given.get("guidance", 1.0) not in (0.0, 1.0):
            raise SfumatoError("there is nothing to guide: say what to generate, or leave `guidance` out.")
        return replace(_pushed_by_none(settings, given, "where nothing says what to generate"), guidance=1.0)
    if rule in RULES and guidance in ((0,) if rule == "cfg++" else (0, 1)):
        kept = settings.interval if guidance == 0 else None  # 0 is unconditional inside of it, and conditional outside
        settings = _pushed_by_none(settings, given, f"at guidance {guidance:g}", interval=guidance == 0)
        return replace(settings, interval=kept)
    return settings


def tuned_like(settings: SamplingConfig, tuned: Sequence[SamplingConfig]) -> SamplingConfig | None:
    """The one of the `tuned` walks that is for these settings, whatever their sampler and grid; None if none is."""
    settings = replace(settings, tuned=None)
    alike = {name: getattr(settings, name) for name in WALKED}
    return next((one for one in tuned if replace(one, tuned=None, **alike) == settings), None)


def student_notes(own: SamplingConfig, asked: SamplingConfig, told: bool = False) -> list[str]:
    """A plain sentence where a student of its `own` settings is `asked` for what it can't do well, or another model
    to walk as a student does. One that is `told` the weight of guidance can be asked for any."""
    student, walks = (resolve_sampler(one.sampler)[0] == CONSISTENCY for one in (own, asked))
    if student and not walks:
        return [f"a student's answers are ends of walks, by which {asked.sampler} goes astray; leave the sampler out."]
    if walks and not student:
        return [f"the sampler {CONSISTENCY} is that of students (distill); by means, as this model's, it blurs."]
    if student and asked.guidance != 1 and not told:
        return [
            "the student has learnt guidance in, at one weight; more pushes the ends of its walks, at a second call a "
            "step, and mostly too far."
        ]
    if student and asked.steps < own.steps:
        return [f"the student was made for {own.steps} steps; in {asked.steps} it is rougher."]
    if student and asked.steps > MANY:
        return [f"a student gains little by more than {MANY} steps; in {asked.steps} its teacher does better."]
    return []


def planned(sampling: SamplingConfig) -> tuple[Stepper, Level]:
    """The stepper, and the levels that it visits."""
    name, named_grid = resolve_sampler(sampling.sampler)
    by = stepper(name, sampling.eta, sampling.steps, sampling.tolerance)
    if sampling.tuned is not None:
        return sampling.tuned.over(by), sampling.tuned.grid
    return by, levels_of(sampling, named_grid)


def levels_of(sampling: SamplingConfig, named_grid: str | None = None) -> Level:
    """The levels of the settings' grid, or of the one that the sampler's name says."""
    top = TELEPORT if sampling.first == "teleport" else None
    return grid(named_grid or sampling.grid, sampling.schedule, sampling.steps, top)


def check_together(sampling: SamplingConfig, conditioned: bool, negative: bool, edited: bool) -> None:
    """Every request comes through here: raises SfumatoError where something asked for could not be done.

    `conditioned`: something says what to generate. `negative`: something says what to steer away from. `edited`: it
    begins with a picture.
    """
    if sampling.rule == "cfg++" and sampling.guidance > 1:
        raise SfumatoError(f"guidance by cfg++ lies between 0 and 1, not {sampling.guidance:g}.")
    if negative and not conditioned:
        raise SfumatoError("`negative` leads away from something while a prompt leads somewhere; give a prompt too.")
    if negative and not (sampling.guidance > 1 or (sampling.rule == "cfg++" and sampling.guidance > 0)):
        least = "above 0" if sampling.rule == "cfg++" else "above 1, such as 2"
        raise SfumatoError(
            f"at guidance {sampling.guidance:g} nothing leads away from `negative`; give a `guidance` {least}, "
            "or leave it out."
        )
    if edited and sampling.tuned is not None:
        raise SfumatoError(
            "a tuned walk begins with noise, and `image` is where to begin; leave `tuned` or the picture out."
        )
    if edited and sampling.first != "network":
        raise SfumatoError(
            f"a first step by '{sampling.first}' begins with noise alone, and `image` is where to begin; leave `first` "
            "or the picture out."
        )


def _pushed_by_none(
    settings: SamplingConfig, given: Mapping[str, Any], when: str, interval: bool = False
) -> SamplingConfig:
    """The settings without those that say how guidance pushes; raises SfumatoError where they were given."""
    for name in ("rule", *(() if interval else ("interval",))):
        if given.get(name) not in (None, "plain"):
            raise SfumatoError(f"`{name}` says how guidance pushes, and {when} nothing does; leave it out.")
    return replace(settings, rule="plain", interval=None)
