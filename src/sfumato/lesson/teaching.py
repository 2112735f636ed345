"""What a teacher takes from the lessons: a plan a session, links that open it to present, and what students hand in."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from sfumato.errors import SfumatoError
from sfumato.files import write_folder
from sfumato.readable import readable
from sfumato.strict import parse

PLANS = Path(__file__).parent / "plans"
CHAPTERS = ("idea", "forward", "reverse", "network", "training", "sampling", "steering", "world")
# A warm-up, the chapters of the lesson on diffusion, and the other lessons.
SESSIONS = ("numbers", *CHAPTERS, "vae", "gan", "pixels", "flow", "few", "latent", "video", "evaluation")
ADDRESS = "http://localhost:8123/"  # where `sfumato learn` opens it
PAGE = "plans.html"
MAX_ANSWERS_BYTES = 1_000_000  # of a file that a student hands in


@dataclass(frozen=True)
class Plan:
    """The plan of one session. In its texts `[words](state)` opens the lesson with its panels in that state."""

    chapter: str
    number: int
    title: str
    lead: str
    needs: str
    goals: Sequence[str]
    timing: Sequence[Mapping[str, Any]]  # minutes, what
    discussion: Sequence[Mapping[str, str]]  # ask, listen
    error: Sequence[Mapping[str, str]]  # belief, mend, question
    exercise: Sequence[Mapping[str, str]]  # task, solution

    @property
    def minutes(self) -> int:
        return sum(part["minutes"] for part in self.timing)

    def link(self, address: str) -> str:
        """Opens the chapter to present it, at its first sentence."""
        return f"{address}?c={self.chapter}&guide=1&present=1"


def plans() -> list[Plan]:
    """The plans of all sessions in their order: the warm-up has number 0, so that the chapters have their own."""
    found = [tomllib.loads((PLANS / f"{chapter}.toml").read_text(encoding="utf-8")) for chapter in SESSIONS]
    return [Plan(chapter, number, **found[number]) for number, chapter in enumerate(SESSIONS)]


def write_plans(folder: Path, address: str = ADDRESS) -> list[Path]:
    """Plans as Markdown, one a session, and as one page to print, in `folder`, which is new or empty.

    Links open the lesson at `address`. All of them are there in the end, or none. Raises SfumatoError for an address
    that is none, for a folder that holds something, and where it can't be written.
    """
    address = checked(address)
    every = plans()
    files = {file_name(plan): markdown(plan, address) for plan in every}
    files[PAGE] = page(every, address)
    write_folder(folder, files)
    return [folder / name for name in files]


def file_name(plan: Plan) -> str:
    return f"{plan.number:02}-{plan.chapter}.md"


def checked(address: str) -> str:
    """`address` with a slash at its end; raises SfumatoError where it is none."""
    if not re.fullmatch(r"https?://[^\s?#\"'<>]+", address):
        raise SfumatoError(f"the lesson is at a whole address, such as https://example.org/lesson/, not '{address}'.")
    return address if address.endswith("/") else f"{address}/"


def linked(text: str, plan: Plan, address: str, write: Callable[[str, str], str]) -> str:
    """`text` with each `[words](state)` as `write(words, address)` has it."""
    state = r"\[([^\]]+)\]\(([^)]+)\)"
    return re.sub(state, lambda found: write(found[1], f"{address}?c={plan.chapter}&{found[2]}"), text)


def markdown(plan: Plan, address: str) -> str:
    """A plan as Markdown."""

    def said(text: str) -> str:
        return linked(text, plan, address, "[{}]({})".format)

    lines = [
        f"# {plan.number}. {plan.title}",
        "",
        plan.lead,
        "",
        f"**{plan.minutes} minutes.** Needs: {plan.needs}",
        "",
    ]
    lines += [f"Open it to present: <{plan.link(address)}>", "", "## Goals", "", "Afterwards students can", ""]
    lines += [f"- {goal}" for goal in plan.goals]
    lines += ["", "## Timing", "", "| minutes | |", "| --- | --- |"]
    lines += [f"| {part['minutes']} | {said(part['what'])} |" for part in plan.timing]
    lines += ["", "## To discuss", ""]
    lines += [f"- **{one['ask']}** Listen for: {one['listen']}" for one in plan.discussion]
    lines += ["", "## Common errors", "", "| what is believed | what helps | question |", "| --- | --- | --- |"]
    lines += [f"| {one['belief']} | {one['mend']} | `{one['question']}` |" for one in plan.error]
    lines += ["", "## Exercises", ""]
    lines += [f"{number}. {one['task']}" for number, one in enumerate(plan.exercise, 1)]
    lines += ["", "## Solutions", ""]
    lines += [f"{number}. {one['solution']}" for number, one in enumerate(plan.exercise, 1)]
    return "\n".join(lines) + "\n"


def page(every: Sequence[Plan], address: str) -> str:
    """All plans as one page that stands alone, to be printed: each begins on a sheet of its own, solutions last."""
    environment = Environment(loader=FileSystemLoader(PLANS.parent), autoescape=True, trim_blocks=True)

    def said(text: str, plan: Plan) -> Markup:
        return Markup(linked(escape(text, quote=False), plan, address, _anchor))

    return environment.get_template("plans.html.j2").render(plans=every, address=address, said=said)


def _anchor(words: str, address: str) -> str:
    return f'<a href="{escape(address)}">{words}</a>'


@dataclass(frozen=True)
class HandedIn:
    """What a student's file says: by chapter, how many questions were answered, and how many of them right at last."""

    student: str
    answered: Mapping[str, int]
    right: Mapping[str, int]


def handed_in(folder: Path) -> tuple[list[HandedIn], list[str]]:
    """What the files in `folder` say, that students saved from the lesson's review, and which say nothing.

    The page writes them and nobody signs them: they tell how far a class is, and are no exam. Raises SfumatoError where
    there is no such folder.
    """
    if not folder.is_dir():
        raise SfumatoError(f"there is no folder {folder}; give one with the files that students saved from the lesson.")
    found, passed = [], []
    for path in sorted(folder.glob("*.json")):
        told = _told(path)
        if told is None:
            passed.append(readable(path.name))
            continue
        answered = Counter(name.partition(".")[0] for name in told)
        right = Counter(name.partition(".")[0] for name, one in told.items() if one["right"])
        found.append(HandedIn(readable(path.stem), answered, right))
    return found, passed


def _told(path: Path) -> dict[str, dict[str, Any]] | None:
    """The answers in a file by question, or None where it holds none of this lesson."""
    try:
        if path.stat().st_size > MAX_ANSWERS_BYTES:
            return None
        content: Any = parse(path.read_text(encoding="utf-8"))
        told = content["told"] if content["version"] == 1 else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
    whole = isinstance(told, dict) and all(isinstance(one, dict) and "right" in one for one in told.values())
    return told if whole else None
