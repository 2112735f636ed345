"""Builds the manual with Zensical: the pages of docs/, and those that are generated from the package itself.

`python docs/build.py build/manual` leaves the site in build/manual/site; its front page is index.html.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from sfumato.cli import app
from sfumato.sampling import GRIDS, SAMPLERS

DOCS = Path(__file__).parent
ROOT = DOCS.parent
# What is documented of the package, beside the names of `sfumato` itself.
MODULES = ("diffusion", "sampling", "data", "nets", "hub", "training", "evaluation", "serving", "baselines")
OPTION = re.compile(r"^\* `([^`]+)`: ", re.MULTILINE)
NAMED = re.compile(r"`[^`]*`|(?<![\w-])(--[a-z][\w-]*)")  # an option in what is said of another


def commands() -> str:
    """The page of commands, from the command line's own definitions."""
    verbs = [name for name in app if not name.startswith("-")]
    rows = [f"| [`sfumato {name}`](#{name}) | {app[name].help} |" for name in verbs]
    head = [
        "# Commands",
        "What `sfumato COMMAND --help` says, for every command. Every command takes `--debug` too, which shows where "
        "an error came from; `sfumato --version` says which version this is.",
        "\n".join(("| command | |", "| --- | --- |", *rows)),
    ]
    return "\n\n".join([*head, *map(command, verbs)]) + "\n"


def command(verb: str) -> str:
    """One command's section: usage, and each panel of its options as a list of definitions."""
    text = app[verb].generate_docs(heading_level=2, usage_name=f"sfumato {verb}")
    text = re.sub(r"^## .*$", f"## sfumato {verb} {{ #{verb} }}", text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^\*\*(.+?)\*\*:$", rf"### \1 {{ #{verb}-\1 }}", text, flags=re.MULTILINE)
    text = re.sub(r"(?<=\{ #)[^}]+(?= \})", lambda found: re.sub(r"\W+", "-", found[0].lower()), text)
    text = OPTION.sub(lambda found: f"`{found[1]}`\n:   ", text)
    lines = [NAMED.sub(marked, line) if line.startswith(":   ") else line for line in text.splitlines()]
    text = "\n".join(lines)
    return re.sub(r"\n`", "\n\n`", text.replace("```console", "```text"))


def marked(found: re.Match[str]) -> str:
    """What NAMED found, as code."""
    return f"`{found[1]}`" if found[1] else found[0]


def reference() -> dict[str, str]:
    """The pages of the Python reference: one of `sfumato` itself, and one a module for what that has besides."""
    top = names_of("sfumato")
    shown = {id(getattr(import_module("sfumato"), name)): name for name in top}
    pages = {}
    rows = []
    for module in MODULES:
        package = import_module(f"sfumato.{module}")
        own = [name for name in names_of(package.__name__) if id(getattr(package, name)) not in shown]
        also = [name for name in package.__all__ if name not in own]
        text = [f"# sfumato.{module}", (package.__doc__ or "").strip()]
        if also:
            links = ", ".join(f"[`{name}`](index.md#sfumato.{name})" for name in sorted(also))
            text.append(f"Also here, as in `sfumato` itself: {links}.")
        pages[f"api/{module}.md"] = "\n\n".join([*text, *(f"::: sfumato.{module}.{name}" for name in own)]) + "\n"
        rows.append(f"| [`sfumato.{module}`]({module}.md) | {text[1].splitlines()[0]} |")
    text = [
        "# sfumato",
        "What `import sfumato` gives: most programs need no more. Names are loaded when first used, so that the import "
        "costs next to nothing. The other modules are for those who go deeper:",
        "\n".join(("| module | |", "| --- | --- |", *rows)),
    ]
    pages["api/index.md"] = "\n\n".join([*text, *(f"::: sfumato.{name}" for name in top)]) + "\n"
    return pages


def samplers() -> str:
    """The page of samplers, from their table."""
    head = [
        "# Samplers",
        "What `--sampler`, and `sampler=` in Python, takes. **Order** is how fast the error falls with the steps: "
        "doubling these divides it by two to the order. **Calls** is how often a step asks the network; the last step "
        "asks once. Names from other tools work too: `DPM++ 2M Karras`, `euler a`, `UniPCMultistepScheduler`.",
    ]
    for title, deterministic in (("The noise decides the picture", True), ("With noise of their own", False)):
        rows = ["| sampler | order | calls | use it for |", "| --- | --- | --- | --- |"]
        rows += [
            f"| `{name}` | {row.order or '–'} | {row.calls or 'varies'} | {row.use} |"
            for name, row in SAMPLERS.items()
            if row.deterministic == deterministic
        ]
        head += [f"## {title}", "\n".join(rows)]
    tail = [
        "## Grids",
        f"`--grid` says which levels are visited: {', '.join(f'`{name}`' for name in GRIDS)}. Each ends at clean data.",
        "`sfumato samplers` says besides from how many steps on each does better than `ddim` or `ddpm`. To write one "
        "of your own, see [Write your own sampler](own-sampler.md).",
    ]
    return "\n\n".join([*head, *tail]) + "\n"


def settings() -> str:
    """The page of what config.json says of a training, a part of it each a section."""
    text = [
        "# Settings of a training",
        "What `config.json` says of a training, and `--set` reaches: `--set objective.weight=min-snr`, `--set "
        "optimizer.weight_decay=0.05`. From Python each field is a keyword of `Run.start`. How a model samples is "
        "[`SamplingConfig`](api/index.md#sfumato.SamplingConfig): `--set model.sampling.steps=50`.",
    ]
    for part in ("data", "objective", "optimizer", "machine", "keeping", "reconstruction"):
        text += [
            f"## {part}",
            f"::: sfumato.training.config.{part.title()}Config\n    options:\n      heading_level: 3",
        ]
    return "\n\n".join(text) + "\n"


def names_of(module: str) -> list[str]:
    """The public names of a module, as they stand in its `__all__`."""
    return list(import_module(module).__all__)


def changelog() -> str:
    """CHANGELOG.md, with links to the pages that it names."""

    def link(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return f"[{name}]({name}.md)" if (DOCS / f"{name}.md").exists() else found[0]

    pattern = r"\[docs/[\w-]+\.md\]\(docs/([\w-]+)\.md\)|docs/([\w-]+)\.md"
    return re.sub(pattern, link, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


def write_pages(folder: Path) -> None:
    """All pages, pictures and examples into `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copy(ROOT / "web/public/icon.svg", folder / "images/icon.svg")
    generated = {
        "commands.md": commands(),
        "samplers.md": samplers(),
        "settings.md": settings(),
        "changelog.md": changelog(),
    }
    for name, text in {**generated, **reference()}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def build(folder: Path) -> int:
    """Writes pages and configuration into `folder`, and the site into `folder`/site; Zensical's exit code."""
    write_pages(folder / "pages")
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for here, there in (("build/manual/", ""), ("[src]", f"[{ROOT / 'src'}]")):
        config = config.replace(here, there)
    (folder / "mkdocs.yml").write_text(config, encoding="utf-8")
    shutil.rmtree(folder / "site", ignore_errors=True)
    words = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    if code := subprocess.run(words, cwd=folder).returncode:
        return code
    index = (folder / "site/search.json").read_text(encoding="utf-8")  # which a page opened from a disk can't fetch
    (folder / "site/search.js").write_text(f"var __index = {index}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1] if sys.argv[1:] else ROOT / "build/manual")))
