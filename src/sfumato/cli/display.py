"""What training looks like in a terminal: rate, loss, ETA and a small picture; plain lines where it is no terminal."""

from __future__ import annotations

import math
import os
import shutil
import sys
import textwrap
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from sfumato.cli.words import in_options
from sfumato.readable import duration, readable
from sfumato.shell import command_line

if TYPE_CHECKING:  # the lesson opens without waiting for PyTorch
    from PIL.Image import Image

    from sfumato.training import Progress


class SafeConsole(Console):
    """A console whose text can't command the terminal: foreign names and captions are among it (see readable).

    Everything that is shown comes through `render`; rich's own codes are added later, from styles.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=readable(segment.text, keep="\n"))


# Paths and class names may hold square brackets. What is piped has no width of its own, and tables are wide.
PIPED = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
console = SafeConsole(highlight=False, markup=False, width=PIPED)
_BARS = "▁▂▃▄▅▆▇█"


def count(value: float) -> str:
    """1234567 → '1,234,567'."""
    return f"{round(value):,}"


def sparkline(values: Iterable[float], width: int = 32) -> str:
    """The values as a row of small bars, resampled to at most `width`, on a logarithmic scale."""
    finite = [math.log(v) for v in values if math.isfinite(v) and v > 0]
    if len(finite) < 2:
        return ""
    size = min(width, len(finite))
    means = []
    for i in range(size):
        part = finite[i * len(finite) // size : (i + 1) * len(finite) // size]
        means.append(sum(part) / len(part))
    low, span = min(means), (max(means) - min(means)) or 1.0
    return "".join(_BARS[round((m - low) / span * (len(_BARS) - 1))] for m in means)


def picture_columns() -> int:
    """How many characters wide a picture may be in this terminal."""
    return min(console.width - 2, 100)


def next_command(verb: str, places: Sequence[object] = (), /, **options: object) -> str:
    """What to type next, quoted for a shell (see command_line): this program as it was called."""
    return command_line(verb, places, options, program=_program())


def _program() -> list[str]:
    """How this program was called: by its path, where it isn't on the PATH."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return [Path(sys.executable).name, "-m", "sfumato"]
    found = shutil.which("sfumato")
    if not called.is_file():  # a script given in words, or a function of another program
        return ["sfumato"]
    return ["sfumato"] if found and Path(found).samefile(called) else [str(called)]


def terminal_picture(image: Image, columns: int) -> Text:
    """A picture as coloured half-blocks, two pixels a character."""
    from sfumato.data import half_blocks

    text = Text()
    for row in half_blocks(image, columns):
        for top, bottom in row:
            text.append("▀", style=f"rgb({top[0]},{top[1]},{top[2]}) on rgb({bottom[0]},{bottom[1]},{bottom[2]})")
        text.append("\n")
    return text


def note(text: str) -> None:
    """Something worth knowing that does not stop the work."""
    console.print(Text.assemble(("note ", "yellow"), _wrapped(in_options(text), 5)), soft_wrap=True)


def print_facts(rows: Iterable[tuple[str, str]]) -> None:
    """Two aligned columns, the first one quiet; long values break between words, and paths never."""
    facts = [(readable(name), in_options(value)) for name, value in rows]
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        console.print(Text.assemble((f"{name:<{width}}  ", "dim"), _wrapped(value, width + 2)), soft_wrap=True)


def _wrapped(text: str, indent: int) -> str:
    """`text` for lines that begin after `indent`: in a terminal they end between words; elsewhere it is one line."""
    text = readable(text)
    if not console.is_terminal or len(text) <= (room := max(20, console.width - indent)):
        return text
    return textwrap.fill(text, room, break_long_words=False, break_on_hyphens=False).replace("\n", "\n" + " " * indent)


class TrainingDisplay:
    """Shows a training run while the block is open; call `update` at every step and `show` at every preview."""

    def __init__(self, title: str, every_seconds: float = 5.0) -> None:
        self.title = title
        self.every_seconds = every_seconds
        self._live = Live(console=console, refresh_per_second=4, transient=False) if console.is_terminal else None
        self._recent: deque[Progress] = deque(maxlen=50)
        self._losses: list[float] = []
        self._picture: Text | None = None
        self._verdict = ""
        self._drawn = -math.inf

    def __enter__(self) -> TrainingDisplay:
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live:
            if self._recent and kind is None:
                self._live.update(self._render())
            self._live.__exit__(kind, error, traceback)

    def catch_up(self, past: Iterable[Progress]) -> None:
        """Take in steps of the past, without drawing."""
        for progress in past:
            self._recent.append(progress)
            self._losses.append(progress.loss)

    def update(self, progress: Progress) -> None:
        """Take in a step; draws at most four times a second, or prints a line every few seconds."""
        self.catch_up([progress])
        if progress.seconds - self._drawn < (0.25 if self._live else self.every_seconds) and progress.fraction < 1:
            return
        self._drawn = progress.seconds
        if self._live:
            self._live.update(self._render())
        else:
            facts = "  ".join(f"{name} {value}" for name, value in self._facts())
            console.print(f"{progress.fraction:4.0%}  {facts}", soft_wrap=True)

    def tell(self, verdict: str) -> None:
        """Put the newest verdict under the curve; a line of its own where the display isn't live."""
        verdict = in_options(verdict)
        if verdict != self._verdict and not self._live:
            console.print(f"      {_wrapped(verdict, 6)}", soft_wrap=True)
        self._verdict = verdict

    def show(self, image: Image) -> None:
        """Put the newest samples under the bar, where the terminal has the colours for it."""
        if self._live and console.color_system in ("256", "truecolor"):
            self._picture = terminal_picture(image, picture_columns())
            self._live.update(self._render())

    def _facts(self) -> list[tuple[str, str]]:
        newest, oldest = self._recent[-1], self._recent[0]
        span = newest.seconds - oldest.seconds
        rate = (newest.images - oldest.images) / span if span > 0 else 0.0
        window = [p.loss for p in self._recent if math.isfinite(p.loss)]
        spent = newest.fraction
        left = newest.seconds * (1 - spent) / spent if spent > 0 else 0.0
        facts = [
            ("step", count(newest.step)),
            ("images/s", count(rate) if rate else "…"),
            ("loss", f"{sum(window) / len(window):.4f}" if window else "not finite"),
            ("elapsed", duration(newest.seconds)),
            ("left", duration(left)),
        ]
        return [*facts, ("skipped", f"{newest.skipped} non-finite steps")] if newest.skipped else facts

    def _render(self) -> RenderableType:
        spent = self._recent[-1].fraction
        bar = Table.grid(padding=(0, 2))
        bar.add_row(Text(self.title, style="bold"), ProgressBar(total=1.0, completed=spent, width=30), f"{spent:.0%}")
        facts = Table.grid(padding=(0, 2))
        facts.add_row(*(Text.assemble((f"{name} ", "dim"), value) for name, value in self._facts()))
        lines: list[RenderableType] = [bar, facts]
        if curve := sparkline(self._losses[len(self._losses) // 50 :]):
            lines.append(Text.assemble(("loss over time ", "dim"), (curve, "cyan")))
        if self._verdict:
            lines.append(Text.assemble(("verdict ", "dim"), self._verdict))
        if self._picture is not None:
            lines += [Text(""), self._picture]
        return Group(*lines)
