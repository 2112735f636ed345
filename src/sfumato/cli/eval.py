"""`sfumato eval`"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table
from torch import Tensor

from sfumato.cli.display import console, count, note, print_facts
from sfumato.cli.generating import frame_of, generate_all
from sfumato.cli.groups import COMMON, HOW, MEASURED, OUTPUT
from sfumato.cli.opening import bars, open_model
from sfumato.cli.options import given, parse_steps, pick_seeds
from sfumato.cli.sample import results_folder
from sfumato.data import KINDS, picture, save_animation
from sfumato.errors import SfumatoError
from sfumato.evaluation.drift import Curve
from sfumato.evaluation.features import check_name
from sfumato.evaluation.record import Record, ScoreRecord, check_alike, rank, read_record
from sfumato.evaluation.scores import LEAST, SCORES
from sfumato.evaluation.training_data import data_for
from sfumato.hub import Model
from sfumato.hub.request import seed_words
from sfumato.hub.resolving import Resolved, resolve
from sfumato.readable import duration
from sfumato.sampling import Step
from sfumato.shell import command_line

ROLLED = 24  # clips that are looked at for drift
WORTH_TELLING = 5.0  # seconds
MOST_STEPS = 1000
LONG, FEWER = 600.0, 200  # seconds that are long for who only wants a first look, and samples that do for that


def eval_(
    run: Annotated[
        Path,
        Parameter(help="A run such as runs/photos, one of its checkpoints, digits, which ships, or diffusers' folder."),
    ],
    /,
    *,
    n: Annotated[
        int | None,
        Parameter(
            group=COMMON,
            name=["-n", "--n", "--count"],
            help="How many samples to generate and measure [default: 1000].",
        ),
    ] = None,
    features: Annotated[
        str | None,
        Parameter(
            group=COMMON,
            help="What is compared: classifier (of the data's own classes), efficientnet-lite0, pixels, or a "
            "network of yours, such as inception.onnx [default: auto].",
        ),
    ] = None,
    data: Annotated[
        str | None,
        Parameter(
            group=COMMON,
            help="Pictures to compare with, with captions where it goes by words [default: those it was trained on].",
        ),
    ] = None,
    against: Annotated[
        list[Path] | None,
        Parameter(
            group=COMMON,
            negative="",
            help="Other runs that were measured, or their record.json, to be ranked with in one table.",
        ),
    ] = None,
    seeds: Annotated[str | None, Parameter(group=COMMON, help="One seed a sample: 0-999 [default].")] = None,
    sampler: Annotated[
        str | None, Parameter(group=HOW, help="See `sfumato samplers` [default: the model's own].")
    ] = None,
    steps: Annotated[
        int | None, Parameter(group=COMMON, help="How many steps to take [default: the model's own].")
    ] = None,
    guidance: Annotated[float | None, Parameter(group=COMMON, help="[default: the model's own]")] = None,
    weights: Annotated[
        str | None, Parameter(group=HOW, help="ema (the running average) or raw [default: ema].")
    ] = None,
    curve: Annotated[
        str | bool | None,
        Parameter(
            group=MEASURED, help="Also measure quality against the number of steps, such as 1,2,4,8 [default: yes]."
        ),
    ] = None,
    bits: Annotated[
        bool,
        Parameter(group=MEASURED, help="Also bits per dimension of held-out samples.", negative="", show_default=False),
    ] = False,
    frames: Annotated[
        int | None,
        Parameter(group=MEASURED, help="Of clips: also whether they drift, in a few of so many frames, such as 256."),
    ] = None,
    from_record: Annotated[
        bool,
        Parameter(
            group=MEASURED,
            help="Generate nothing: rank the records that --against and RUN hold already.",
            negative="",
            show_default=False,
        ),
    ] = False,
    out: Annotated[Path | None, Parameter(group=OUTPUT, help="Where to write [default: RUN/evaluation].")] = None,
    as_json: Annotated[
        bool,
        Parameter(
            group=OUTPUT, name="--json", help="Print the record and nothing else.", negative="", show_default=False
        ),
    ] = False,
) -> None:
    """Measure a model: scores with intervals, whether it copies its training data, and a page to keep.

    Each score is recorded with all that it depends on. With --against runs are ranked, if they were measured alike.
    """
    if from_record:
        _rank_records(
            run,
            against,
            **given(
                n=n,
                data=data,
                seeds=seeds,
                sampler=sampler,
                steps=steps,
                guidance=guidance,
                out=out,
                weights=weights,
                features=features,
                curve=curve,
                bits=bits or None,
                frames=frames,
                json=as_json or None,
            ),
        )
        return
    weights, features = weights or "ema", features or "auto"
    curve = curve is not False if curve is None or isinstance(curve, bool) else curve
    at = curve if isinstance(curve, bool) else parse_steps(curve, 1, MOST_STEPS, "--curve")
    check_name(features)
    if n is not None and n < LEAST:
        raise SfumatoError(f"-n {n} samples are too few to measure; give {LEAST} or more, 1000 if there is time.")
    numbers = pick_seeds(seeds, n, 1000)
    if numbers[-1] - numbers[0] != len(numbers) - 1 or len(numbers) < LEAST:
        raise SfumatoError(f"--seeds takes one range of at least {LEAST}, such as 1000-1999, not '{seeds}'.")
    others = [read_record(one) for one in against or ()]
    start = time.perf_counter()
    model = open_model(run, weights)
    with bars() as progress:
        dataset, held, notes = data_for(run, model, data, partial(progress, f"reading {data}"))
    for words in notes:
        note(words)
    from sfumato.evaluation.drift import drift
    from sfumato.evaluation.drift_page import looked_at, write_drift
    from sfumato.evaluation.evaluating import Plan, carry_out, conditioned_words, expected_seconds, features_seconds
    from sfumato.evaluation.features import open_extractor
    from sfumato.evaluation.measure import conditions, open_reference, request_like
    from sfumato.evaluation.page import shown_rows, write_evaluation

    if guidance is not None and not model.conditional:
        raise SfumatoError(f"{run} is conditioned on nothing, so there is nothing to guide; leave --guidance out.")
    check_rolled(frames, model, run)
    options = given(sampler=sampler, steps=steps, guidance=guidance)
    settings = model.settle(model.conditional, **options)
    quiet, moving = as_json, KINDS[dataset.kind].moving
    extractor = open_extractor(features, dataset, held_out=held)
    if not quiet and (seconds := features_seconds(extractor, dataset)) > WORTH_TELLING:
        console.print(f"Features of the data: about {duration(seconds)} where they are not kept yet.", soft_wrap=True)
    reference = open_reference(dataset, extractor, held)
    for other in others:  # before the work, not after
        check_alike(conditions(reference, len(numbers), 0), other.conditions, (model.source, other.source.model))
    plan = Plan(settings, len(numbers), numbers[0], at, bits, weights=weights)
    request = request_like(reference, model, plan.seeds, plan.settings)
    tuned = "" if settings.tuned is None else " as tuned"
    if not quiet:
        expected = expected_seconds(model, reference, plan)
        fewer = f"; with -n {FEWER} about {duration(expected * FEWER / plan.count)}" if expected > LONG else ""
        print_facts(
            [
                ("samples", f"{count(plan.count)}, {settings.sampler}{tuned}, {settings.steps} steps"),
                ("features", f"{extractor.name}, {reference.features.shape[-1]} a {'frame' if moving else 'sample'}"),
                ("generated for", conditioned_words(request, reference)),
                ("against", f"{count(len(reference.train))} of {dataset.name} ({reference.split})"),
                ("will take", f"about {duration(expected)}{fewer if plan.count > FEWER else ''}"),
            ]
        )

    def sampled(resolved: Resolved) -> Tensor:
        return generate_all(resolved, plan.batch)

    place = out or results_folder(run) / "evaluation"
    options |= {"features": features, "weights": weights, "curve": curve, "bits": bits, "seeds": seed_words(numbers)}
    options |= given(frames=frames, data=data)
    command = command_line("eval", [run], options, {"features": "auto", "weights": "ema", "curve": True})
    found = carry_out(model, reference, plan, sampled, command)
    shown = resolve(request.rows(shown_rows(plan.count, dataset.kind)), model)
    way: list[Step] = []
    generate_all(shown, plan.batch, way)
    columns = 10 if KINDS[dataset.kind].spatial else None
    seen = [picture(frame_of(step), shown.every_label, columns, kind=dataset.kind) for step in way]
    save_animation(seen, place / "denoising.webp", milliseconds=120, last_hold=2000)
    paths = write_evaluation(place, found, reference)
    curves = None
    if frames is not None:
        long = replace(request, sampling=replace(request.sampling, frames=frames)).rows(range(min(ROLLED, plan.count)))
        rolled = generate_all(resolve(long, model), plan.batch)
        curves = drift(rolled, dataset.batch(reference.held_out)[0])
        paths += write_drift(place, rolled, curves, command)
    if as_json:
        print(json.dumps(asdict(found.record), indent=2))
        return
    console.print()
    console.print(scores_table(found.record))
    if found.record.curve:
        console.print("\nQuality against steps, of", f"{found.record.curve[0]['count']:,.0f} samples:")
        console.print(curve_rows(found.record))
    if curves is not None and frames is not None:
        console.print(f"\nAlong clips of {frames} frames, against the range of real ones:")
        console.print(drift_table(curves, looked_at(frames)))
    for words in found.record.notes:
        note(words)
    console.print(f"\n{found.verdict[0].upper()}{found.verdict[1:]}", soft_wrap=True)
    if others:
        console.print()
        print_ranking(found.record, others)
    console.print(f"\nIn {duration(time.perf_counter() - start)}, written to:")
    for path in paths:
        console.print(f"  {path}", soft_wrap=True)


def check_rolled(frames: int | None, model: Model, run: Path) -> None:
    """Raises SfumatoError where `run` can't be rolled out to so many frames."""
    if frames is None:
        return
    if not KINDS[model.config.kind].moving:
        raise SfumatoError(f"{run} generates {model.config.kind}, which have no frames; leave --frames out.")
    if frames <= model.config.shape[0]:
        raise SfumatoError(
            f"--frames {frames} is no longer than the clips of {run}, of {model.config.shape[0]}; give more, such as "
            f"{16 * model.config.shape[0]}."
        )


def drift_table(curves: Mapping[str, Curve], frames: Sequence[int]) -> Table:
    """Each quantity at these frames, and the range of real clips."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", *(f"frame {frame}" for frame in frames), "real clips"):
        table.add_column(name, justify="right" if name else "left")
    for name, curve in curves.items():
        cells = [f"{float(curve.values[frame - 1]):.3f}{'' if curve.inside([frame])[0] else '!'}" for frame in frames]
        table.add_row(name, *cells, f"{curve.low:.3f} to {curve.high:.3f}")
    return table


def _rank_records(run: Path, against: Sequence[Path] | None, **others: object) -> None:
    if not against:
        raise SfumatoError("--from-record compares two records; name the other with --against.")
    if others:
        option = "-n" if "n" in others else f"--{next(iter(others))}"
        raise SfumatoError(f"--from-record generates and measures nothing; leave {option} out.")
    print_ranking(read_record(run), [read_record(one) for one in against])


def scores_table(record: Record) -> Table:
    """The scores as rows: value, interval, floor, and which way is better."""
    from sfumato.evaluation.page import number

    counts = sorted({s.floor_count for s in record.scores.values() if s.floor_count})
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("score", "value", "95% interval", f"floor (of {counts[0]:,})" if counts else "floor", "better"):
        table.add_column(name, justify="left" if name in ("score", "better") else "right")
    words = {"lower": "lower", "higher": "higher", "half": "near 0.5"}
    for name, s in record.scores.items():
        floor = "" if s.floor is None else number(s.floor)
        interval = f"{number(s.low)} to {number(s.high)}"
        table.add_row(SCORES[name].title, number(s.value), interval, floor, words[SCORES[name].better])
    return table


def curve_rows(record: Record) -> Table:
    """Quality against the number of steps, as the page has it."""
    from sfumato.evaluation.page import curve_table

    heads, rows = curve_table(record)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in heads:
        table.add_column(head, justify="left" if head == "by" else "right")
    for row in rows:
        table.add_row(*row)
    return table


def print_ranking(one: Record, others: Sequence[Record]) -> None:
    """The values of each score, and whether that of the first is better than each other one."""
    from sfumato.evaluation.page import number

    def words(s: ScoreRecord) -> str:
        return f"{number(s.value)} ({number(s.low)} to {number(s.high)})"

    ranked = [{name: (theirs, answer) for name, _, theirs, answer in rank(one, other)} for other in others]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("score", no_wrap=True)
    table.add_column(run_words(one), overflow="fold")
    for other in others:
        table.add_column(run_words(other), overflow="fold")
        table.add_column("the first is")
    rows = [name for name in one.scores if any(name in found for found in ranked)]
    for name in rows:
        cells = [(words(found[name][0]), found[name][1]) if name in found else ("", "") for found in ranked]
        table.add_row(SCORES[name].title, words(one.scores[name]), *(cell for pair in cells for cell in pair))
    console.print(table)
    note(f"each of the {len(rows)} is judged by itself at 95%, so that one may seem better or worse by chance.")


def run_words(record: Record) -> str:
    """The run that was measured, by its folder, or the model that ships."""
    return record.source.model.split("/checkpoints/")[0]
