"""The one exception that a user is meant to read."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SfumatoError(Exception):
    """Something the user can mend: one sentence that says what is wrong, where, and what to do.

    The command line prints it as it stands and exits with code 2; it never shows a traceback for it.
    """


def unknown(kind: str, name: str, known: Iterable[str], meant: str | None = None) -> SfumatoError:
    """The error for a `name` that is none of `known`: it suggests what was `meant` or the closest, and lists them."""
    names = list(known)
    close = [meant] if meant else get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f": did you mean '{close[0]}'?" if close else "."
    return SfumatoError(f"unknown {kind} '{name}'{hint} The choices are {', '.join(names)}.")
