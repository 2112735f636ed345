"""The walks that a model is tuned for, as a file beside its config."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.hub.config import SamplingConfig, plain
from sfumato.hub.settings import tuned_like
from sfumato.strict import VERSION, fit, parse

TUNED = "tuned.json"


@dataclass(frozen=True)
class _File:
    walks: tuple[SamplingConfig, ...]
    sfumato: str = ""


def read_tuned(folder: Path) -> tuple[SamplingConfig, ...]:
    """The tuned walks in `folder`, none where there is no such file; raises SfumatoError where it is damaged."""
    path = folder / TUNED
    try:
        content = parse(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise SfumatoError(f"{path} can't be read ({error}); restore it, or delete it and tune again.") from error
    written_by = content.get(VERSION) if isinstance(content, dict) else None
    found: _File = fit(_File, content, str(path), written_by)
    if any(one.tuned is None for one in found.walks):
        raise SfumatoError(f"{path} has a walk that isn't tuned; restore it, or delete it and tune again.")
    return found.walks


def write_tuned(folder: Path, walks: Sequence[SamplingConfig]) -> Path:
    """Put `walks` into the file in `folder`, in the place of those that are there for the same settings."""
    others = [one for one in read_tuned(folder) if tuned_like(one, walks) is None]
    together = sorted([*others, *walks], key=lambda one: one.steps)
    content = {VERSION: version("sfumato"), "walks": [plain(one) for one in together]}
    replace_file(folder / TUNED, (json.dumps(content, allow_nan=False) + "\n").encode())
    return folder / TUNED
