"""Commands as they are shown, quoted so that a shell reads what was meant."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

Option = tuple[str, object]  # its name without the signs, and its value: True is a flag, None and False leave it out
SFUMATO = ("sfumato",)


def command_line(
    verb: str, places: Sequence[object] = (), options: Iterable[Option] = (), program: Sequence[str] = SFUMATO
) -> str:
    """`sfumato VERB PLACES --OPTION VALUE ...`; `places` are paths, and words that don't begin with a minus sign."""
    words = [*program, verb]
    words += [f"./{place}" if str(place).startswith("-") else str(place) for place in places]
    for name, value in options:
        if value is True:
            words.append(f"--{name}")
        elif str(value).startswith("-"):  # else it would be taken for an option itself
            words.append(f"--{name}={value}")
        elif value is not None and value is not False:
            words += [f"--{name}", str(value)]
    return shlex.join(words)
