"""The projects that `sfumato new` writes: plain files beside this one, with `{{ name }}` and the like to fill in.

A template is a folder with `template.toml`: its `summary` in a line, the `shared` files that it takes, the `extras` of
the package that it needs, and `values`, which files name beside `name`, `label`, `summary`, `extras` and `version`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import requires, version
from pathlib import Path

from sfumato.errors import SfumatoError, unknown
from sfumato.files import write_folder

FOLDER = Path(__file__).parent
SHARED, ABOUT = "shared", "template.toml"
NAMES = ("pictures", "prompts", "latent", "few-steps", "video", "serve", "teach", "research")
WRITTEN_AS = {  # files that git, ruff or pytest would obey or run are called otherwise here
    "gitignore": ".gitignore",
    "dockerignore": ".dockerignore",
    "project.toml": "pyproject.toml",
    "project_test.py": "test_{{ module }}.py",
    "unit.service": "{{ label }}.service",
}
PROJECT_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?"  # what packages may be called (PEP 508)
RESERVED = {"con", "prn", "aux", "nul"}  # no names of files on Windows


@dataclass(frozen=True)
class Template:
    """A kind of project: its `name`, what it is in a line, and what its files are made of."""

    name: str
    summary: str
    extras: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    values: Mapping[str, str | int] = field(default_factory=dict)

    def files(self, project: str) -> dict[str, str]:
        """What the project called so consists of: the text of each file by its path."""
        filled = {
            "name": project,
            "label": re.sub(r"[._]+", "-", project.lower()),  # as Kubernetes and Docker call things
            "module": re.sub(r"\W+", "_", project.lower()),
            "summary": self.summary,
            "extras": f"[{','.join(self.extras)}]" if self.extras else "",
            "version": version("sfumato"),
        }
        filled |= {key: _fill(str(value), filled) for key, value in self.values.items()}
        own = [path for path in sorted((FOLDER / self.name).iterdir()) if path.is_file() and path.name != ABOUT]
        found = {}
        for path in [*(FOLDER / SHARED / name for name in self.shared), *own]:
            found[_fill(WRITTEN_AS.get(path.name, path.name), filled)] = _fill(path.read_text(encoding="utf-8"), filled)
        return found


def template(name: str) -> Template:
    """The template called so; raises SfumatoError that lists them where there is none."""
    if name not in NAMES:
        raise unknown("template", name, NAMES)
    about = tomllib.loads((FOLDER / name / ABOUT).read_text(encoding="utf-8"))
    return Template(name, about["summary"], tuple(about["extras"]), tuple(about["shared"]), about.get("values", {}))


def write_project(folder: Path, name: str) -> list[Path]:
    """A project in `folder`, which is new or empty, by the template `name`; returns its files, the README first.

    All of it is there in the end, or nothing. Raises SfumatoError for a folder that is no name for a project, one that
    holds something, and where it can't be written.
    """
    made = template(name).files(check_name(folder))
    write_folder(folder, made)
    return [folder / path for path in sorted(made, key=lambda path: (path != "README.md", path))]


def check_name(folder: Path) -> str:
    """What a project in `folder` is called; raises SfumatoError where no package may be called so."""
    name = folder.name
    if not re.fullmatch(PROJECT_NAME, name, re.ASCII) or name.lower() in RESERVED:
        raise SfumatoError(
            f"'{name or folder}' can't be what a project is called: give up to 64 letters, digits, '-', '_' and '.', "
            "with a letter or digit first and last, such as my-pictures."
        )
    needed = {re.split(r"[^\w.-]", one)[0] for one in [*(requires("sfumato") or ()), "sfumato", "pytest"]}
    if _plain(name) in map(_plain, needed):
        raise SfumatoError(f"'{name}' is what a package is called that the project needs; give another, my-{name}.")
    return name


def _plain(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _fill(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: values[found[1]], text)
