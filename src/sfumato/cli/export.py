"""`sfumato export`"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from sfumato.cli.display import console
from sfumato.cli.groups import COMMON, HOW, OUTPUT, EtaOption, GridOption, GuidanceOption, SamplerOption
from sfumato.cli.options import given, parse_schedule
from sfumato.cli.sample import results_folder
from sfumato.errors import SfumatoError
from sfumato.hub import load
from sfumato.hub.config import is_autoencoder
from sfumato.hub.diffusers.lora import split_adapters
from sfumato.hub.diffusers.single_file_writing import export_file
from sfumato.hub.diffusers.writing import export_codec, export_pipeline
from sfumato.hub.loading import load_codec
from sfumato.hub.onnx import export_onnx


def export(
    run: Annotated[Path, Parameter(help="A run or one of its checkpoints, such as runs/photos.")],
    /,
    *,
    steps: Annotated[
        int | None, Parameter(group=COMMON, help="How many steps the walk takes [default: the model's own].")
    ] = None,
    guidance: GuidanceOption = None,
    sampler: SamplerOption = None,
    grid: GridOption = None,
    schedule: Annotated[
        str | None, Parameter(group=HOW, help="The path they are on: edm, linear, cosine, flow, ...")
    ] = None,
    eta: EtaOption = None,
    to: Annotated[
        Literal["onnx", "diffusers", "single-file"],
        Parameter(
            group=COMMON,
            help="onnx; diffusers, a folder for that library, which brings its own code where need be; or single-file, "
            "of Stable Diffusion 1.x, for ComfyUI and A1111.",
        ),
    ] = "onnx",
    class_: Annotated[
        str | None,
        Parameter(group=COMMON, name="--class", help="With --to diffusers, the class it generates [default: all]."),
    ] = None,
    weights: Annotated[str, Parameter(group=HOW, help="ema (the running average) or raw.")] = "ema",
    out: Annotated[
        Path | None, Parameter(group=OUTPUT, help="The folder to write [default: RUN/onnx, RUN/diffusers, ...].")
    ] = None,
) -> None:
    """Write a model for others: network.onnx, and walk.json with all that the sampler does as plain sums.

    Or, --to diffusers, a folder of that library: one by --net unet2d for its DDPM and DDIM pipelines, one by --net
    dit2d for its DiTPipeline, an autoencoder by --net kl as its AutoencoderKL, all others with a pipeline.py of their
    own. A reader of walk.json needs no diffusion mathematics of its own: each line asks the network at a sum of what is
    known, draws noise, or arrives at the next picture.
    """
    options = given(sampler=sampler, steps=steps, grid=grid, guidance=guidance, eta=eta)
    options |= given(schedule=parse_schedule(schedule))
    folder = out or results_folder(run) / to
    if to == "diffusers" and is_autoencoder(run):
        if options or class_ is not None:
            raise SfumatoError(f"{run} holds an autoencoder, which walks no steps; leave the options on those out.")
        say(export_codec(load_codec(run), folder))
        return
    model = load(run, weights)  # type: ignore[arg-type]
    if to == "diffusers":
        paths = export_pipeline(model, folder, class_, model.settle(model.conditional, **options) if options else None)
    elif to == "single-file" and (options or class_ is not None):
        raise SfumatoError("a single file holds weights alone, and who reads it says the rest; leave the options out.")
    elif to == "single-file":
        paths = export_file(model, folder, _title(run))
    elif class_ is not None:
        raise SfumatoError("--class goes with --to diffusers; what ONNX carries takes any class.")
    else:
        paths = export_onnx(model, folder, model.settle(model.conditional, **options))
    say(paths)


def _title(run: Path) -> str:
    """What a model is called: its folder, or its name on the Hub."""
    return results_folder(split_adapters(run)[0]).resolve().name.removeprefix("sfumato-").partition("@")[0]


def say(paths: Iterable[Path]) -> None:
    """What was written."""
    for path in paths:
        console.print(f"  {path}  {path.stat().st_size / 1e6:.2f} MB", soft_wrap=True)
