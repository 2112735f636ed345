"""`sfumato sample`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from sfumato.cli.display import note
from sfumato.cli.groups import (
    CLIP,
    COMMON,
    HOW,
    OUTPUT,
    PICTURE,
    WHAT,
    EtaOption,
    GridOption,
    GuidanceOption,
    OffloadOption,
    PrecisionOption,
    PromptWeightsOption,
    SamplerOption,
    TiledOption,
)
from sfumato.cli.opening import open_model
from sfumato.cli.options import (
    describe,
    given,
    parse_interval,
    parse_schedule,
    parse_steps,
    pick_classes,
    pick_conditions,
    pick_edit,
    pick_keyframes,
    pick_seeds,
    pick_threshold,
)
from sfumato.cli.writing import write_comparison, write_pictures, write_points
from sfumato.data import KINDS
from sfumato.data.clips import FPS, check_clips
from sfumato.errors import SfumatoError
from sfumato.hub.cascade import check_cascade
from sfumato.hub.diffusers.folder import is_pipeline
from sfumato.hub.diffusers.lora import split_adapters
from sfumato.hub.diffusers.memory import Memory
from sfumato.hub.model import IMAGES, IMAGES_OF_PROMPT
from sfumato.hub.record import By, compared, read_record
from sfumato.hub.remote import named_on_hub
from sfumato.hub.request import Comparison, Keyframes, PictureEdit, Request
from sfumato.hub.resolving import resolve
from sfumato.hub.settings import settle
from sfumato.hub.zoo import ships, zoo_names
from sfumato.shell import command_line
from sfumato.training import data_gaussian, training_config

COMPARED_STEPS, COMPARED_IMAGES = (5, 10, 20), 8
MEMORY = ("precision", "offload", "tiled")  # how a pipeline is held
SETTINGS = ("sampler", "grid", "guidance", "rule", "eta", "tolerance", "first", "frames")


def sample(
    run: Annotated[
        Path | None,
        Parameter(
            help="A run such as runs/photos, one of its checkpoints, or digits, which ships.", show_default=False
        ),
    ] = None,
    /,
    prompt: Annotated[
        str | None,
        Parameter(group=COMMON, help="What to generate, for a model that was trained on captions.", show_default=False),
    ] = None,
    *,
    class_: Annotated[
        list[str] | None,
        Parameter(
            group=COMMON,
            name="--class",
            negative="",
            help="Class to generate, or several: cat,dog. Default: each in turn.",
        ),
    ] = None,
    n: Annotated[
        int | None,
        Parameter(group=COMMON, name=["-n", "--count"], help="How many pictures [default: 16; of a prompt 4]."),
    ] = None,
    seeds: Annotated[str | None, Parameter(group=COMMON, help="One seed a picture: 0-15, or 3,7,42.")] = None,
    steps: Annotated[
        str | None,
        Parameter(
            group=COMMON, help="How many steps to take [default: the model's own]; with --compare several: 5,10,20."
        ),
    ] = None,
    guidance: GuidanceOption = None,
    negative: Annotated[str | None, Parameter(group=WHAT, help="What to steer away from.")] = None,
    prompt_weights: PromptWeightsOption = False,
    number: Annotated[
        list[str] | None,
        Parameter(
            group=WHAT, negative="", help="Numbers that the model is conditioned on: age=30, or age=30,weight=60."
        ),
    ] = None,
    vector: Annotated[
        list[str] | None,
        Parameter(
            group=WHAT,
            negative="",
            help="A vector that it is conditioned on: 1,0,2, or a .npy file; several NAME=...;NAME=...",
        ),
    ] = None,
    control: Annotated[
        list[str] | None,
        Parameter(
            group=WHAT,
            negative="",
            help="A picture to start from, by what the model was trained to see of one (edges, ...).",
        ),
    ] = None,
    control_ready: Annotated[
        bool,
        Parameter(
            group=WHAT,
            help="--control already is what the model sees, such as a sketch by hand.",
            negative="",
            show_default=False,
        ),
    ] = False,
    control_strength: Annotated[
        float | None,
        Parameter(group=WHAT, help="How much --control counts for a control branch: 0 nothing, 1 as trained."),
    ] = None,
    like: Annotated[
        Path | None,
        Parameter(
            group=WHAT, help="Generate again what this PNG says of itself; with RUN, by that model instead of its own."
        ),
    ] = None,
    image: Annotated[
        Path | None,
        Parameter(
            group=PICTURE, help="A picture to begin with: generate variations of it, or use --mask or --upscale."
        ),
    ] = None,
    strength: Annotated[
        float | None,
        Parameter(group=PICTURE, help="How far to go from --image: 0 keeps it, 1 never sees it [default: 0.6]."),
    ] = None,
    mask: Annotated[
        Path | None, Parameter(group=PICTURE, help="Generate only where this picture, as large as --image, is white.")
    ] = None,
    feather: Annotated[
        int | None,
        Parameter(
            group=PICTURE,
            help="With --mask and a model of latents: move what is generated within so many pixels of what is kept "
            "along with it, so that no seam shows [default: 0].",
        ),
    ] = None,
    upscale: Annotated[
        bool,
        Parameter(
            group=PICTURE,
            help="Enlarge --image to the model's size, with the detail that belongs there.",
            negative="",
            show_default=False,
        ),
    ] = False,
    upscale_with: Annotated[
        list[str] | None,
        Parameter(
            group=PICTURE,
            negative="",
            help="Enlarge what is generated with models trained with --control small, each by its own settings: "
            "runs/x2,runs/x4.",
        ),
    ] = None,
    frames: Annotated[
        int | None,
        Parameter(
            group=CLIP, help="Frames of each clip [default: as in training]; more go on in windows from each other."
        ),
    ] = None,
    fps: Annotated[
        float | None, Parameter(group=CLIP, help="Frames a second that the files show [default: as in training].")
    ] = None,
    keyframe: Annotated[
        list[str] | None,
        Parameter(
            group=CLIP,
            negative="",
            help="A frame that is given and kept: 8=x.png or last=x.png. --image is the first.",
        ),
    ] = None,
    sampler: SamplerOption = None,
    grid: GridOption = None,
    schedule: Annotated[
        str | None,
        Parameter(
            group=HOW, help='The path they are on: edm, cosine, flow, ..., or as JSON {"kind": "linear", "steps": 500}.'
        ),
    ] = None,
    rule: Annotated[
        str | None,
        Parameter(group=HOW, help="How guidance pushes: plain, projected (colours stay calm) or cfg++ (from 0 to 1)."),
    ] = None,
    interval: Annotated[
        str | None,
        Parameter(group=HOW, help="Guide only where sigma/alpha is in this range, such as 0.2-5, or all."),
    ] = None,
    clip: Annotated[
        bool,
        Parameter(
            group=HOW,
            help="Clip each estimate of the picture to its range, as DDPM does.",
            negative="",
            show_default=False,
        ),
    ] = False,
    threshold: Annotated[
        bool | None, Parameter(group=HOW, help="Scale colours back that guidance drives out of range.")
    ] = None,
    eta: EtaOption = None,
    tolerance: Annotated[
        float | None, Parameter(group=HOW, help="How exact the sampler adaptive is, such as 0.02.")
    ] = None,
    first: Annotated[
        str | None,
        Parameter(
            group=HOW,
            help="Who takes the first step: network, or at no call analytical or teleport (few steps).",
        ),
    ] = None,
    weights: Annotated[
        str | None, Parameter(group=HOW, help="ema (the running average) or raw [default: ema].", show_default=False)
    ] = None,
    precision: PrecisionOption = None,
    offload: OffloadOption = False,
    tiled: TiledOption = False,
    batch: Annotated[
        int | None,
        Parameter(group=HOW, help="How many pictures are generated at once [default: 64, fewer above 32x32 pixels]."),
    ] = None,
    compare: Annotated[
        str | None,
        Parameter(group=OUTPUT, help="One picture of several samplers, ddim,unipc, from the same noise."),
    ] = None,
    animate: Annotated[
        bool,
        Parameter(
            group=OUTPUT,
            help="Also write the way from noise to picture as an animation.",
            negative="",
            show_default=False,
        ),
    ] = False,
    out: Annotated[Path | None, Parameter(group=OUTPUT, help="Where to write [default: RUN/samples].")] = None,
) -> None:
    """Generate new pictures from a trained model.

    Each picture has a seed of its own and is the same at any batch size. The PNGs carry what is needed to generate them
    again; `sfumato info PICTURE.png` shows it. What is there already isn't generated again, and nothing is overwritten.
    """
    given = dict(locals())  # the options as they came
    if batch is not None and batch < 1:
        raise SfumatoError(f"`batch` must be at least 1, got {batch}.")
    by, asked = _again(run, like, given) if like is not None else _asked(run, given)
    if by.larger and (isinstance(asked, Comparison) or animate):
        raise SfumatoError("--upscale-with enlarges what is generated in the end; leave --compare and --animate out.")
    if fps is not None and not KINDS[by.model.config.kind].moving:
        raise SfumatoError(f"--fps is for clips, and {by.model.source} generates {by.model.config.kind}; leave it out.")
    check_clips(None, fps)
    if animate and isinstance(asked, Comparison):
        raise SfumatoError("--animate shows how one sampler works; leave --compare out.")
    whole = asked.request if isinstance(asked, Comparison) else asked
    if whole.sampling.first != "network":
        by.model.gaussian = data_gaussian(run or Path(by.model.source))
    resolved = resolve(whole, by.model)
    for words in resolved.notes:
        note(words)
    folder = out or results_folder(Path(by.model.source) if run is None else run) / "samples"
    if isinstance(asked, Comparison):
        write_comparison(by, asked, batch, folder)
    elif KINDS[by.model.config.kind].moving:
        if animate:
            raise SfumatoError("clips move, so that their way from noise isn't shown; leave --animate out.")
        write_pictures(by, resolved, batch, folder, False, fps or _fps(by.model.source))
    elif not KINDS[by.model.config.kind].spatial:
        write_points(by, resolved, batch, folder, animate)
    else:
        write_pictures(by, resolved, batch, folder, animate)


def _again(run: Path | None, like: Path, options: Mapping[str, Any]) -> tuple[By, Request | Comparison]:
    """What the PNG says of itself, and by which model."""
    here = ("run", "like", "out", "animate", "batch", "fps", *MEMORY)
    if others := [name for name, value in options.items() if name not in here and value not in (None, False)]:
        option = {"n": "-n", "class_": "--class"}.get(others[0], f"--{others[0].replace('_', '-')}")
        raise SfumatoError(f"--like generates all as {like} says; leave {option} out.")
    found = read_record(like)
    by = _open(run or Path(found.model), found.weights, found.larger, _memory(options))
    if by.model.weights_hash != found.weights_hash:
        note(f"{like} was generated by other weights than those of {by.model.source}.")
    return by, found.asked


def _asked(run: Path | None, options: Mapping[str, Any]) -> tuple[By, Request | Comparison]:
    """What the options say is to be generated, and by which model."""
    if run is None:
        ship = ", ".join(zoo_names())
        raise SfumatoError(f"say what to generate with: a run such as runs/photos, or a model that ships: {ship}.")
    steps, compare, prompt, negative = (options[name] for name in ("steps", "compare", "prompt", "negative"))
    counts = parse_steps(steps)
    if len(counts) > 1 and compare is None:
        raise SfumatoError(f"--steps {steps} names {len(counts)} step counts; give one, or say which to --compare.")
    few = any(options[name] is not None for name in ("prompt", "number", "vector", "control"))
    usual = COMPARED_IMAGES if compare is not None else IMAGES_OF_PROMPT if few else IMAGES
    numbers = pick_seeds(options["seeds"], options["n"], usual)
    settings = given(
        **{name: options[name] for name in SETTINGS},
        schedule=parse_schedule(options["schedule"]),
        threshold=pick_threshold(options["clip"], options["threshold"]),
    )
    if options["interval"] is not None:
        settings["interval"] = parse_interval(options["interval"])
    by = _open(run, options["weights"] or "ema", _listed(options["upscale_with"]), _memory(options))
    if prompt is not None or negative is not None:
        by.model.tokens([""], f"the prompt '{prompt}'" if prompt is not None else "`negative`")  # where it takes none
    names = None if compare is None else _compared_names(compare)
    if names is not None and options["sampler"] is not None:
        raise SfumatoError("--compare says which samplers to use; leave --sampler out.")
    classes = pick_classes(by.model, options["class_"], len(numbers))
    conditions = pick_conditions(by.model, options)
    edit: PictureEdit | Keyframes | None
    if KINDS[by.model.config.kind].moving:
        edit = pick_keyframes(options["image"], options["keyframe"] or (), options)
    else:
        edit = pick_edit(options["image"], options["strength"], options["mask"], options["upscale"], options["feather"])
        if options["keyframe"] is not None:
            raise SfumatoError(f"--keyframe is for clips, and {run} generates {by.model.config.kind}; leave it out.")
    conditioned = bool(classes or prompt is not None or conditions)
    _check_guidance(by, run, options["guidance"], conditioned)
    own = {name: settings.pop(name) for name in ("eta", "tolerance") if name in settings and names is not None}
    if names is None and counts:
        settings["steps"] = counts[0]
    plain = edit is not None or names is not None
    how = (partial(settle, by.model.config.sampling) if plain else by.model.settle)(conditioned, **settings)
    weights = options["prompt_weights"]
    request = Request(numbers, how, classes, prompt, negative, conditions, edit, prompt_weights=weights)
    return by, request if names is None else compared(request, names, counts or COMPARED_STEPS, **own)


def results_folder(run: Path) -> Path:
    """Where what is made from `run` goes: into the run, or for one that ships or that is another's a folder here."""
    base, _ = split_adapters(run)
    if named_on_hub(base) or is_pipeline(base):
        return Path(f"sfumato-{base.resolve().name}")
    if ships(run):
        return Path(f"sfumato-{run}")
    return run.parent.parent if (run / "state.json").exists() else run


def _memory(options: Mapping[str, Any]) -> Memory:
    return Memory(options["precision"] or "fp32", options["offload"], options["tiled"])


def _open(run: Path, weights: str, larger: Sequence[str], memory: Memory) -> By:
    model, *others = open_model(run, weights, memory), *(open_model(name, weights) for name in larger)
    check_cascade([model, *others])
    return By(model, weights, tuple(others))


def _fps(source: str) -> float:
    """How many frames a second a run was trained on; of other models, as many as where nobody says."""
    with suppress(SfumatoError):
        return training_config(results_folder(Path(source))).data.fps or FPS
    return FPS


def _listed(runs: Sequence[str] | None) -> list[str]:
    """Runs that are named one an option, or several with commas between."""
    return [name for one in runs or [] for name in ([one] if Path(one).exists() else map(str.strip, one.split(",")))]


def _check_guidance(by: By, run: Path, guidance: float | None, conditioned: bool) -> None:
    if guidance is None or conditioned:
        return
    example = command_line("sample", [run, "a green heart"])
    raise SfumatoError(
        f"there is nothing to guide: say what to generate, as in {example}."
        if by.model.text_conditional
        else f"there is nothing to guide: say what to generate; {run} takes {describe(by.model.config.conditions)}."
        if by.model.config.conditions
        else f"{run} was trained without classes, so there is nothing to guide; leave --guidance out."
    )


def _compared_names(compare: str) -> list[str]:
    names = [name.strip() for name in compare.split(",") if name.strip()]
    if not 1 <= len(names) <= 24:
        raise SfumatoError(f"--compare takes 1 to 24 samplers, such as ddim,unipc, got {len(names)}.")
    return names
