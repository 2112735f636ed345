"""The library's messages in the words of the command line."""

from __future__ import annotations

import re

WORDS = {  # what fields and arguments of the library are called here, where that isn't their own name
    "base": "--from", "checkpoints": "--keep", "columns": "--number, --vector", "folder": "--name",
    "data": "DATA, as in sfumato train DATA --resume", "labels": "--class", "prompts": "the prompt",
}  # fmt: skip


OWN = {  # those that other commands than `train` and `sample` call otherwise
    "distill": {"data": "--data"}, "eval": {"data": "--data"}, "tune": {"data": "--data"},
}  # fmt: skip


def in_options(text: str, verb: str = "") -> str:
    """`labels` → --class, `guidance` → --guidance, `objective.weight` → --set objective.weight."""
    words = {**WORDS, **OWN.get(verb, {})}

    def option(name: str) -> str:
        return f"--set {name}" if "." in name else words.get(name, f"--{name.replace('_', '-')}")

    return re.sub(r"`(?!sfumato\.)([a-z_-]+(?:\.[a-z_.]+)?)`", lambda found: option(found[1]), text)
