"""The panels of a command's help, in their order."""

from __future__ import annotations

from cyclopts import Group

COMMON = Group("Common options", sort_key=1)
WHAT = Group("What to generate", sort_key=2)
PICTURE = Group("From a picture, and to a larger one", sort_key=3)
HOW = Group("How it is sampled", sort_key=4)
MEASURED = Group("What is measured", sort_key=5)
OUTPUT = Group("Output", sort_key=6)

DATA = Group("What it learns from", sort_key=2)
MODEL = Group("The model", sort_key=3)
LEARNING = Group("How it learns", sort_key=4)
MACHINE = Group("What this machine does", sort_key=5)
RUNS = Group("What the run keeps", sort_key=6)

SERVER = Group("Where it is served", sort_key=2)
