"""Commands as they are shown, quoted so that a shell reads what was meant."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

Options = Mapping[str, object]  # values by the options' names without the signs
SFUMATO = ("sfumato",)


def command_line(
    verb: str,
    places: Sequence[object] = (),
    options: Options | None = None,
    usual: Options | None = None,
    program: Sequence[str] = SFUMATO,
) -> str:
    """`sfumato VERB PLACES --OPTION VALUE ...`; `places` are paths, and words that don't begin with a minus sign.

    True is a flag and False its negation; a list is an option given again and again. Options that are None, or what is
    `usual`, are left out; unless they say otherwise, flags are usually off.
    """
    words = [*program, verb]
    words += [f"./{place}" if str(place).startswith("-") else str(place) for place in places]
    for name, value in (options or {}).items():
        if value is None or value == (usual or {}).get(name, False if isinstance(value, bool) else None):
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            words += _option(name, one)
    return shlex.join(words)


def _option(name: str, value: object) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    text = float_words(value) if isinstance(value, float) else str(value)
    return [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]  # else taken for an option itself


def float_words(value: float) -> str:
    """The shortest text that reads as the same number: 2.0 → '2', 5e-05 → '5e-05'."""
    return repr(float(value)).removesuffix(".0")
