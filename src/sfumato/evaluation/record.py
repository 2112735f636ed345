"""What was measured, and how: everything that two numbers must share before one may be called better."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sfumato.errors import SfumatoError
from sfumato.evaluation.intervals import QUANTILE
from sfumato.evaluation.scores import SCORES
from sfumato.files import replace_file
from sfumato.shell import command_line
from sfumato.strict import fit, parse

FORMAT = 1  # raise it when a score's definition changes


@dataclass(frozen=True)
class Conditions:
    """What a score depends on besides the model: scores under other conditions can't be ranked.

    `count` samples were compared by `features` (weights' `features_hash`, pictures `resize`d) with the
    `reference_count` samples of `reference` that `split` names; `reference_hash` is that of the whole set and
    `rows_hash` that of which samples of it.
    """

    features: str
    features_hash: str
    resize: str
    count: int
    reference: str
    reference_hash: str
    reference_count: int
    split: str
    rows_hash: str
    score_seed: int
    format: int = FORMAT


@dataclass(frozen=True)
class Source:
    """Which model generated the samples, and how, with the command that measures it again."""

    model: str
    weights: str
    weights_hash: str
    parameters: int
    seeds: str
    classes: str
    sampler: dict[str, Any]
    sfumato: str
    torch: str
    command: str
    captions: str = "none"
    conditions: str = "none"  # others by name


@dataclass(frozen=True)
class ScoreRecord:
    """A score with its 95% interval; `floor` is what real data scores, `floor_count` of it, of no model.

    `reconstructed` is what held-out pictures score once they have been through the autoencoder of a model of latents.
    """

    value: float
    low: float
    high: float
    p_value: float | None = None
    floor: float | None = None
    floor_count: int | None = None
    reconstructed: float | None = None


@dataclass(frozen=True)
class Record:
    """An evaluation as it is written to record.json; with a curve of a student is that of its teacher."""

    conditions: Conditions
    source: Source
    scores: dict[str, ScoreRecord]
    notes: tuple[str, ...] = ()
    audit: dict[str, Any] = field(default_factory=dict, repr=False)
    curve: tuple[dict[str, float], ...] = field(default=(), repr=False)
    levels: tuple[dict[str, float], ...] = field(default=(), repr=False)
    teacher_curve: tuple[dict[str, float], ...] = field(default=(), repr=False)


def write_record(path: Path, record: Record) -> None:
    """Write `record` as JSON; raises SfumatoError where it can't be written."""
    replace_file(path, (json.dumps(asdict(record), indent=2, ensure_ascii=False) + "\n").encode())


def read_record(path: Path) -> Record:
    """The record in a file, or that of a run folder. Raises SfumatoError where there is none."""
    file = path / "evaluation" / "record.json" if path.is_dir() else path
    try:
        content = parse(file.read_bytes(), nan=True)
        written_by = content["source"].get("sfumato")
        if "told" in content["source"]:  # as an earlier sfumato called it
            content["source"]["conditions"] = content["source"].pop("told")
    except FileNotFoundError as error:
        where = f"; measure it first: {command_line('eval', [path])}" if path.is_dir() else "."
        raise SfumatoError(f"there is no record {file}{where}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SfumatoError(f"{file} is no record of an evaluation; write it again with sfumato eval.") from error
    found: Record = fit(Record, content, str(file), written_by)
    return found


def unlike(one: Conditions, other: Conditions) -> list[str]:
    """In which conditions the two differ, each in words: empty where scores under them may be ranked."""
    mine, theirs = asdict(one), asdict(other)
    return [
        f"{name.replace('_', ' ')} ({_short(mine[name])} and {_short(theirs[name])})"
        for name in mine
        if mine[name] != theirs[name]
    ]


def check_alike(one: Conditions, other: Conditions, names: tuple[str, str]) -> None:
    """Raise SfumatoError that says in which conditions the two differ, where they do."""
    if differences := unlike(one, other):
        raise SfumatoError(
            f"{names[0]} and {names[1]} can't be ranked: they were measured with another {', '.join(differences)}; "
            "measure both alike."
        )


def rank(one: Record, other: Record) -> list[tuple[str, ScoreRecord, ScoreRecord, str]]:
    """Each score that both have, and whether `one` is "better", "worse" or "can't tell": farther apart than chance.

    Raises SfumatoError for records that are not alike.
    """
    check_alike(one.conditions, other.conditions, (one.source.model, other.source.model))
    rows = []
    for name, mine in one.scores.items():
        if (theirs := other.scores.get(name)) is None or name not in SCORES:
            continue
        better = SCORES[name].better
        ours, yours = (abs(s.value - 0.5) if better == "half" else s.value for s in (mine, theirs))
        errors = [(s.high - s.low) / (2 * QUANTILE) for s in (mine, theirs)]
        apart = abs(ours - yours) > QUANTILE * math.hypot(*errors)
        wins = ours > yours if better == "higher" else ours < yours
        rows.append((name, mine, theirs, ("better" if wins else "worse") if apart else "can't tell"))
    return rows


def _short(value: object) -> str:
    text = str(value)
    return text[:12] + "…" if len(text) == 64 else text or "none"
