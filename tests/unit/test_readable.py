"""Text from elsewhere never commands the terminal, and commands are quoted for a shell."""

from __future__ import annotations

import io
import shlex
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.live import Live
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from sfumato import cli
from sfumato.cli import display
from sfumato.cli.display import SafeConsole, note, print_facts
from sfumato.data import save_png
from sfumato.readable import JOINERS, readable
from sfumato.shell import command_line

EVIL = "a\x1b[31mred\x1b]0;title\x07\x9b5m\r\u202edlo\u2066x\u200fy\u2028z\x7f\x00[bold]b[/bold]"
DANGEROUS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def obeyed(text: str, allowed: str = "\n") -> set[str]:
    """Characters of `text` that a terminal, or a reader, would follow."""
    return {c for c in text if unicodedata.category(c) in DANGEROUS and c not in allowed + JOINERS}


@given(st.text())
def test_what_is_shown_holds_nothing_to_obey_and_is_shown_the_same_again(text: str) -> None:
    shown = readable(text)
    assert not obeyed(shown, "") and readable(shown) == shown
    assert readable(text, keep="\n").count("\n") == text.count("\n")


def test_every_script_and_emoji_is_shown_as_it_is() -> None:
    for text in ("naïve café", "हिन्दी", "パン　ハン", "می‌خواهم", "👨‍👩‍👧 ❤️", "שלום", "a b"):
        assert readable(text) == text
    assert readable("\udcff.png") == "\\xff.png" and readable("a\tb\n") == "a\\tb\\n"


def test_nothing_that_is_printed_can_command_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines, styled text, tables, progress bars and live displays; rich's own codes come through."""
    file = io.StringIO()
    console = SafeConsole(highlight=False, markup=False, file=file, force_terminal=True, color_system=None, width=90)
    monkeypatch.setattr(display, "console", console)
    table = Table(title=EVIL)
    table.add_column(EVIL)
    table.add_row(EVIL)
    for shown in (EVIL, Text(EVIL, style="red"), table):
        console.print(shown, soft_wrap=True)
    note(EVIL)
    print_facts([(EVIL, EVIL)])
    assert not obeyed(file.getvalue()), file.getvalue()
    assert "\\x1b[31mred" in file.getvalue() and "[bold]b" in file.getvalue()
    with Progress(console=console) as bar:
        bar.add_task(escape(EVIL), total=1)
    with Live(EVIL, console=console):
        pass
    told = file.getvalue().replace("\x1b[?25l", "").replace("\x1b[?25h", "").replace("\x1b[2K", "").replace("\r", "")
    assert not obeyed(told.replace("\x1b[1A", "")), told


def test_a_picture_that_lies_about_itself_is_shown_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.png"
    save_png(Image.new("L", (2, 2)), path, {f"class{EVIL}": EVIL, "command": f"sfumato\nverdict {EVIL}"})
    cli.app(["info", str(path)], exit_on_error=False, print_error=False, result_action="return_value")
    shown = capsys.readouterr().out
    assert not obeyed(shown) and shown.count("\n") == 2
    monkeypatch.setattr("sys.argv", ["sfumato", "info", f"nowhere{EVIL}".replace("\x00", "")])
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr().err
    assert not obeyed(said) and said.count("\n") == 1 and "nowherea" in said


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(words, st.lists(words, max_size=3))
def test_a_command_is_read_by_a_shell_as_it_was_meant(place: str, values: list[str]) -> None:
    line = command_line("sample", [place], {"class": values, "animate": True, "n": None})
    program, verb, run, *rest = shlex.split(line)
    assert (program, verb) == ("sfumato", "sample") and Path(run) == Path(place)
    assert rest.pop() == "--animate"
    read = " ".join(rest).split("--class")
    assert len(rest) == sum(1 if value.startswith("-") else 2 for value in values) and len(read) > len(values)


def test_commands_that_are_shown_survive_strange_names(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from sfumato.cli.running import resume_command

    folder = tmp_path / "a b" / "$(x);'y"
    told = shlex.split(resume_command(folder, minutes=60))
    assert told[-8:] == ["train", "--resume", "--name", "$(x);'y", "--out", str(folder.parent), "--minutes", "60"]
