"""The panels of a command's help, in their order, and the options that several commands have alike."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Group, Parameter

COMMON = Group("Common options", sort_key=1)
WHAT = Group("What to generate", sort_key=2)
PICTURE = Group("From a picture, and to a larger one", sort_key=3)
CLIP = Group("Of clips", sort_key=3.5)
HOW = Group("How it is sampled", sort_key=4)
MEASURED = Group("What is measured", sort_key=5)
OUTPUT = Group("Output", sort_key=6)

DATA = Group("What it learns from", sort_key=2)
MODEL = Group("The model", sort_key=3)
LEARNING = Group("How it learns", sort_key=4)
MACHINE = Group("What this machine does", sort_key=5)
RUNS = Group("What the run keeps", sort_key=6)

SERVER = Group("Where it is served", sort_key=2)

GuidanceOption = Annotated[
    float | None,
    Parameter(group=COMMON, help="0 ignores class and prompt, 1 is plainly conditional, more insists on them."),
]
SamplerOption = Annotated[str | None, Parameter(group=HOW, help="See `sfumato samplers` [default: the model's own].")]
GridOption = Annotated[str | None, Parameter(group=HOW, help="Which levels to visit: karras, logsnr, trailing, ...")]
EtaOption = Annotated[float | None, Parameter(group=HOW, help="The sampler's noise, 0 (none) to 1 (ddpm's).")]

# Of folders of diffusers
PromptWeightsOption = Annotated[
    bool,
    Parameter(
        group=WHAT,
        help="Read weights in the prompts: a (red:1.3) heart, [less] of something; for folders of diffusers whose "
        "prompts CLIP reads.",
        negative="",
        show_default=False,
    ),
]
PrecisionOption = Annotated[
    str | None,
    Parameter(group=HOW, help="Of a folder of diffusers: hold its networks in fp32, bf16 or fp16 [default: fp32]."),
]
OffloadOption = Annotated[
    bool,
    Parameter(
        group=HOW,
        help="There too: have each part on the accelerator only while it is asked.",
        negative="",
        show_default=False,
    ),
]
TiledOption = Annotated[
    bool,
    Parameter(
        group=HOW,
        help="There too: decode large pictures in tiles, with seams that are blended.",
        negative="",
        show_default=False,
    ),
]
