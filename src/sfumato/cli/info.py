"""`sfumato info`"""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.autoencoder_runs import AutoencoderRun
from sfumato.cli.display import count, next_command, note, print_facts
from sfumato.cli.options import describe as conditions_words
from sfumato.cli.runs import no_model_yet
from sfumato.data import Dataset, read_about
from sfumato.data.clip_files import clip_facts, is_clip
from sfumato.data.clips import FPS
from sfumato.data.dataset import USED
from sfumato.data.folder import picture_sizes, suggested_side
from sfumato.data.layout import Source
from sfumato.data.opening import is_own
from sfumato.data.report import BESIDE
from sfumato.data.sources import source_of
from sfumato.errors import SfumatoError
from sfumato.hub import Model, load
from sfumato.hub.config import AUTOENCODER, is_autoencoder, is_run
from sfumato.hub.diffusers.folder import Folder, is_pipeline
from sfumato.hub.diffusers.lora import split_adapters
from sfumato.hub.loading import WEIGHT_FILES, find_checkpoint, load_codec
from sfumato.hub.record import BEFORE_REQUESTS, before_requests
from sfumato.hub.zoo import CARD, ZOO, ships, zoo_data
from sfumato.nets import DiffusersConfig, NetConfig
from sfumato.readable import duration, readable
from sfumato.strict import parse
from sfumato.training import judge_run, read_evaluations, training_config
from sfumato.training.held_out import describe
from sfumato.training.lora import ADAPTER, adapter_words
from sfumato.training.planning import FEW

LOOKS_BACK = ("decoder", "looks back at the frames before")
DRAWN = ("avatars:", "moving-avatars:")  # data that takes minutes to draw


def info(
    what: Annotated[str, Parameter(help="A run, a checkpoint, a PNG that was generated, or a data set.")],
    /,
    *,
    size: Annotated[str | None, Parameter(help="Read a data set at this many pixels: 64, or 48x64.")] = None,
    frames: Annotated[int | None, Parameter(help="Read it as clips of so many frames.")] = None,
    fps: Annotated[float | None, Parameter(help="Take so many frames a second [default: 8].")] = None,
    cut_scenes: Annotated[bool, Parameter(help="Let no clip go on over a cut of the film.", negative="")] = False,
) -> None:
    """Tell what a run, a picture, a clip or a data set holds."""
    path = Path(what)
    base = split_adapters(path)[0]
    run_folder = is_run(path) or ((path / "state.json").exists() and any(path.glob("*.safetensors")))
    none = path.suffix.lower() == ".png" or run_folder or is_clip(path) or is_pipeline(base)
    for name, given in (("size", size), ("frames", frames), ("fps", fps), ("cut-scenes", cut_scenes or None)):
        if given is not None and none:
            raise SfumatoError(f"--{name} is for reading a data set, and {what} is none; leave it out.")
    if is_clip(path) and not path.is_dir():
        if not path.exists():
            raise SfumatoError(f"there is no file {what}.")
        print_facts(facts_of_clip(path))
    elif path.suffix.lower() == ".png":
        about = read_about(path)
        print_facts(about.items())
        if before_requests(about):
            print_facts([("note", BEFORE_REQUESTS)])
    elif not run_folder and is_autoencoder(path / AUTOENCODER):
        raise no_model_yet(path)
    elif is_autoencoder(path):
        print_facts(autoencoder_facts(path))
    elif run_folder:
        print_facts(run_facts(path))
    elif is_pipeline(base):
        print_facts([("pipeline", Folder.open(base).pipeline), *model_facts(load(path))])
    elif ships(what):
        print_facts(shipped_facts(what))
        if not (data := zoo_data(what)).startswith(DRAWN):
            with suppress(SfumatoError):  # the data may be an extra that isn't installed
                print_facts(data_facts(data, size))
    else:
        print_facts(data_facts(what, size, frames, fps, cut_scenes))


def facts_of_clip(path: Path) -> list[tuple[str, str]]:
    """What the file of a clip holds."""
    found = clip_facts(path)
    rate = found.frames / found.seconds
    return [
        ("clip", f"{_frames(found.frames)} of {found.height}×{found.width} pixels, {found.seconds:.3g} s"),
        ("rate", f"{rate:.3g} frames a second{'' if found.even else ' on average, of unequal length'}"),
        *([("turned", f"by {found.turned}°, as the file says")] if found.turned else []),
        ("taken", f"{_frames(math.ceil(found.seconds * FPS - 1e-6))} at {FPS:g} a second, which --fps changes"),
    ]


def _frames(number: int) -> str:
    return "1 frame" if number == 1 else f"{count(number)} frames"


def data_facts(
    spec: str, size: str | None, frames: int | None = None, fps: float | None = None, cut_scenes: bool = False
) -> list[tuple[str, str]]:
    """What a data set holds."""
    from sfumato.cli.opening import open_and_tell
    from sfumato.cli.training_options import parse_size

    path = Path(spec)
    sizes: Counter[tuple[int, int]] = Counter()
    if size is None and frames is None and fps is None and not cut_scenes and not is_own(spec) and path.exists():
        sizes = picture_sizes(source := source_of(path))
        if len(sizes) > 1:
            return survey_facts(spec, source, sizes)
    dataset = open_and_tell(spec, parse_size(size), frames, fps, cut_scenes)
    return [
        ("samples", count(len(dataset))),
        ("shape", " × ".join(map(str, dataset.shape))),
        ("classes", ", ".join(dataset.classes) or "none"),
        ("captions", _captions(dataset)),
        *([("files", _files(dataset))] if dataset.files else []),
        *([("next", _begin(spec, sizes))] if sizes else []),
    ]


def survey_facts(spec: str, source: Source, sizes: Counter[tuple[int, int]]) -> list[tuple[str, str]]:
    """What a folder or an archive of pictures holds, by their headers alone."""
    for text in source.notes:
        note(text)
    lost = len(source.entries) - sizes.total()
    by_area = sorted(sizes, key=lambda one: one[0] * one[1])
    ((common, number),) = sizes.most_common(1)
    said = [f"{height}×{width}" for height, width in (by_area[0], by_area[-1], common)]
    classes = Counter(entry.label for entry in source.entries if entry.label is not None)
    shown = [f"{name} ({count(classes[name])})" for name in source.in_order(classes)]
    return [
        ("pictures", count(len(source.entries)) + ("" if not lost else f", of which {count(lost)} don't open")),
        ("sizes", f"{count(len(sizes))}, from {said[0]} to {said[1]}; most often {said[2]} ({count(number)})"),
        ("classes", ", ".join(shown) or "none"),
        ("next", _begin(spec, sizes)),
    ]


def _begin(spec: str, sizes: Counter[tuple[int, int]]) -> str:
    """The command that trains on pictures of such sizes, by a model that ships where they are few."""
    how = {"from": "emoji", "minutes": 3} if sizes.total() < FEW else {"size": suggested_side(sizes)}
    return next_command("train", [spec], **how)


def _files(dataset: Dataset) -> str:
    """What became of each file that was found."""
    used = {reason: dataset.files.get(reason, 0) for reason in (USED, BESIDE)}
    others = [f"{reason}: {count(number)}" for reason, number in dataset.files.items() if reason not in used]
    parts = [f"{count(number)} {reason}" for reason, number in used.items() if number]
    if others:
        parts.append(f"{count(sum(dataset.files.values()) - sum(used.values()))} left out ({'; '.join(others)})")
    return f"{count(sum(dataset.files.values()))} found, {', '.join(parts)}"


def _captions(dataset: Dataset) -> str:
    if dataset.captions is None:
        return "none"
    given = sum(map(bool, dataset.captions))
    example = next(texts for texts in dataset.captions if texts)
    short = readable(textwrap.shorten(example[0], 60, placeholder=" …"))
    return f"{count(given)} of {count(len(dataset))}, such as “{short}”"


def shipped_facts(name: str) -> list[tuple[str, str]]:
    """What a shipped model is; its card says what it was trained on, how long, and how well it does."""
    model = load(name)
    return [
        ("ships", f"with sfumato; its card: {ZOO / name / CARD}"),
        ("data", zoo_data(name)),
        *model_facts(model),
    ]


def model_facts(model: Model) -> list[tuple[str, str]]:
    """What is generated, by what network, and how."""
    config, sampling = model.config, model.config.sampling
    facts = [("shape", " × ".join(map(str, config.seen[1]))), ("classes", ", ".join(config.classes) or "none")]
    if config.codec is not None:
        facts.append(("latents", config.codec.described))
        facts += [LOOKS_BACK] if config.codec.net.temporal else []
    if (text := config.net.text) is not None:
        facts.append(("reads", f"prompts of up to {text.length} tokens, {text.described}"))
    if config.conditions:
        facts.append(("conditions", conditions_words(config.conditions)))
    return [
        *facts,
        ("network", f"{network_words(config.net)}, {model.parameter_count / 1e6:.2f} M parameters"),
        ("predicts", f"{config.parameterization} (data std {config.data_std:g})"),
        (
            "samples with",
            f"{sampling.sampler}, {sampling.steps} steps, {sampling.grid} grid, guidance {sampling.guidance:g}",
        ),
        *([("tuned in", f"{', '.join(map(str, tuned))} steps")] if (tuned := model.tuned_steps) else []),
    ]


def network_words(net: NetConfig) -> str:
    """The network by its kind, and one of diffusers by its class there."""
    return f"{net.architecture} of diffusers" if isinstance(net, DiffusersConfig) else net.kind


def autoencoder_facts(path: Path) -> list[tuple[str, str]]:
    """What the autoencoder of a run keeps of pictures, and in how little."""
    checkpoint, damaged = find_checkpoint(path, WEIGHT_FILES["ema"])
    run, codec, state = AutoencoderRun.open(path), load_codec(path), checkpoint.state
    size = sum(weight.numel() for weight in codec.net.parameters())
    quality = run.psnr()
    facts = [
        ("checkpoint", f"{checkpoint.path} (step {count(state['step'])}, ema weights)"),
        ("data", run.config.data.source),
        ("latents", codec.config.described),
        ("autoencoder", f"{size / 1e6:.2f} M parameters, factor {codec.config.net.factor}"),
        *([LOOKS_BACK] if codec.config.net.temporal else []),
        ("trained", f"{count(state['images'])} images in {duration(state['seconds'])}"),
    ]
    if quality is not None:
        measured = f"{quality:.2f} dB of pictures that were held out"
    elif not run.config.data.held_out:
        measured = "not measured, as no pictures are held out"
    else:
        measured = f"not measured{', as the run was too short for that' if run.finished else ' yet'}"
    facts.append(("PSNR", measured))
    return facts + [("damaged", f"{path} was passed over") for path in damaged]


def run_facts(path: Path) -> list[tuple[str, str]]:
    checkpoint, damaged = find_checkpoint(path, WEIGHT_FILES["ema"])
    folder = checkpoint.path.parent.parent
    model = load(checkpoint.path)
    training, state = training_config(folder), checkpoint.state
    facts = [
        ("checkpoint", f"{checkpoint.path} (step {count(state['step'])}, ema weights)"),
        ("data", training.data.source),
        *model_facts(model),
    ]
    trained = f"{count(state['images'])} images in {duration(state['seconds'])}, {training.machine.precision}"
    facts.insert(-1, ("trained", trained))
    if training.origin is not None:
        facts.insert(2, ("from", f"{training.origin.path} (weights {training.origin.weights[:12]})"))
    if training.lora is not None:
        facts.insert(3, ("adapters", f"of rank {training.lora}: {adapter_words(folder / ADAPTER) or 'not yet saved'}"))
    if state["skipped"]:
        facts.append(("skipped", f"{state['skipped']} steps whose loss was not finite"))
    if loss := _last_loss(folder / "metrics.jsonl"):
        facts.append(("last loss", loss))
    if evaluations := read_evaluations(folder):
        facts += [*describe(evaluations[-1]), ("verdict", judge_run(evaluations).sentence)]
    return facts + [("damaged", f"{path} was passed over") for path in damaged]


def _last_loss(path: Path) -> str | None:
    try:
        value = parse(path.read_bytes().splitlines()[-1])["loss"]
        return None if value is None else f"{float(value):.4f}"
    except (OSError, ValueError, IndexError, KeyError, TypeError):
        return None
