"""`sfumato teach`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from sfumato.cli.display import console, note
from sfumato.cli.groups import COMMON
from sfumato.errors import SfumatoError
from sfumato.lesson.teaching import ADDRESS, CHAPTERS, PAGE, checked, handed_in, plans, write_plans


def teach(
    folder: Annotated[
        Path | None,
        Parameter(help="Where to write the lesson plans; without one, sessions and their links are listed."),
    ] = None,
    /,
    *,
    address: Annotated[
        str | None,
        Parameter(
            group=COMMON,
            help=f"Where your class opens the lesson, such as https://example.org/lesson/ [default: {ADDRESS}].",
        ),
    ] = None,
    answers: Annotated[
        Path | None,
        Parameter(group=COMMON, help="A folder with files that students saved from the review: show who is how far."),
    ] = None,
) -> None:
    """Plan a class on the lesson: goals, timing, discussion, common errors and exercises a chapter, to print.

    Links open the lesson with its panels as they are needed, to present; `sfumato learn` serves it at that address.
    """
    if answers is not None:
        for name, given in (("folder", folder), ("--address", address)):
            if given is not None:
                raise SfumatoError(f"--answers shows what was handed in and writes no plans; leave the {name} out.")
        show_answers(answers)
        return
    where = checked(address or ADDRESS)
    if folder is None:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("minutes", "session", "opens it to present"):
            table.add_column(column, overflow="fold")
        for plan in plans():
            table.add_row(str(plan.minutes), f"{plan.number}. {plan.title}", plan.link(where))
        console.print(table)
        console.print("Plans to print: sfumato teach plans")
        return
    written = write_plans(folder, where)
    console.print(f"The plans are in {folder}: {PAGE} to print, and a Markdown file a session.", soft_wrap=True)
    for path in written:
        console.print(f"  {path}", soft_wrap=True)


def show_answers(folder: Path) -> None:
    """A row a student: right answers of those given, by chapter and in all."""
    found, passed = handed_in(folder)
    if found:
        table = Table(box=None, pad_edge=False, header_style="dim")
        others = sorted({chapter for one in found for chapter in one.answered} - {*CHAPTERS})  # lessons by themselves
        shown = (*CHAPTERS, *others)
        for column in ("student", *shown, "in all"):
            table.add_column(column, justify="left" if column == "student" else "right", overflow="fold")
        for one in found:
            parts = [f"{one.right.get(c, 0)}/{one.answered[c]}" if one.answered.get(c) else "" for c in shown]
            table.add_row(one.student, *parts, f"{sum(one.right.values())}/{sum(one.answered.values())}")
        console.print(table)
        console.print(
            "Right of those answered. These files are not signed: they tell how far a class is, and are no exam."
        )
    else:
        console.print(f"{folder} holds no answers: students save them below the review, as a file.", soft_wrap=True)
    for name in passed:
        note(f"{name} holds no answers of this lesson.")
