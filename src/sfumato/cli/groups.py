"""The panels of a command's help, in their order."""

from __future__ import annotations

from cyclopts import Group

COMMON = Group("Common options", sort_key=1)
WHAT = Group("What to draw", sort_key=2)
PICTURE = Group("From a picture, and to a larger one", sort_key=3)
HOW = Group("How it is drawn", sort_key=4)
MEASURED = Group("What is measured", sort_key=5)
OUTPUT = Group("Output", sort_key=6)
