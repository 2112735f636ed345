"""What `sfumato new` writes: whole projects, whose commands there are, and whose tests pass."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest

from forking import ENVIRONMENT
from sfumato.cli import app
from sfumato.errors import SfumatoError
from sfumato.templates import FOLDER, NAMES, SHARED, check_name, template, write_project

MANUAL = Path(__file__).parents[2] / "docs" / "templates.md"
README_LINES = 26
NEEDED = {"README.md", "data.md", "pyproject.toml", ".gitignore", ".dockerignore"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A project of each template."""
    place = tmp_path_factory.mktemp("projects")
    for name in NAMES:
        write_project(place / f"My_{name}.1", name)
    return {name: place / f"My_{name}.1" for name in NAMES}


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()) if path.is_file()}


def commands(text: str, name: str) -> Iterator[list[str]]:
    """Every command in a file, in words: those of blocks and of `code` in Markdown, and those that other files run."""
    if name.endswith(".md"):
        parts = text.split("```")
        code = [line for block in parts[1::2] for line in block.splitlines()]
        code += [one for prose in parts[::2] for one in re.findall(r"`([^`\n]+)`", prose)]
    else:
        text = re.sub(r"^# +", "", text, flags=re.MULTILINE)  # how to, at the top of a file
        code = re.findall(r"^ *(?:exec )?((?:sfumato|docker|kubectl|sbatch|python) .*)$", text, re.MULTILINE)
        code += [found.rstrip('"]') for found in re.findall(r"(?:exec |ExecStart=\S*/)((?:sfumato|python) .*)", text)]
        code += [f"sfumato {' '.join(json.loads(found))}" for found in re.findall(r"^CMD (\[\"serve.*\])$", text, re.M)]
        lists = re.findall(r"^ *(?:command|args): \[(serve, .*)\]$", text, re.MULTILINE)
        code += [f"sfumato {found.replace(',', ' ')}" for found in lists]
    for line in code:
        words = shlex.split(re.sub(r"^\w+=(\$\(.*?\)|\S+) ", "", line).split(" && ")[0], comments=True)
        if "docker" in words[:1] and "run" in words:
            words = ["sfumato", *words[max(i for i, word in enumerate(words) if word.startswith("my-")) + 1 :]]
        if words[:1] in (["sfumato"], ["python"], ["python3"], ["docker"], ["kubectl"], ["sbatch"]) and len(words) > 1:
            yield words


def assert_there(words: list[str], folder: Path | None) -> None:
    """Raises where a command, its options or the files that it takes aren't there."""
    program, *rest = words
    if program == "sfumato" and len(rest) == 1:
        assert rest[0] in list(app)
    elif program == "sfumato":
        app.parse_args([word.replace("…", "x") for word in rest], exit_on_error=False, print_error=False)
    elif folder is not None:
        files = [word for word in rest if re.fullmatch(r"[\w-]+\.(?:py|yaml|slurm)", word)]
        assert all((folder / file).exists() for file in files), words
        assert files or rest[0] in ("-m", "compose", "build", "create"), words
        assert rest[0] != "build" or (folder / "Dockerfile").exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_a_whole_project_whose_commands_there_are(made: dict[str, Path], name: str) -> None:
    found = texts(made[name])
    assert found.keys() >= NEEDED and f"test_my_{name.replace('-', '_')}_1.py" in found
    assert len(found["README.md"].splitlines()) <= README_LINES
    assert found["README.md"].startswith(f"# My_{name}.1\n") and "icence" in found["data.md"]
    project = tomllib.loads(found["pyproject.toml"])["project"]
    (needs,) = project["dependencies"]
    assert project["name"] == f"My_{name}.1" and project["description"] == template(name).summary
    extras = re.fullmatch(r"sfumato(?:\[([a-z,]+)\])?>=[\d.]+", needs)[1]
    assert set(filter(None, (extras or "").split(","))) <= set(metadata("sfumato").get_all("Provides-Extra"))
    number = 0
    for file, text in found.items():
        assert "{{" not in text, file
        if file.endswith(".py"):
            ast.parse(text)
        if file.endswith(".slurm"):
            assert subprocess.run(["bash", "-n", made[name] / file]).returncode == 0
            assert text.rindex("\n#SBATCH") < re.search(r"^[^#\n]", text, re.MULTILINE).start()
        for words in commands(text, file):
            assert_there(words, made[name])
            number += 1
    assert number >= 6


def test_what_kubernetes_and_compose_are_given_holds_together(made: dict[str, Path]) -> None:
    yaml = pytest.importorskip("yaml")
    for folder in made.values():
        for path in [*folder.glob("*.yaml"), *folder.glob("*.yml")]:
            for part in yaml.safe_load_all(path.read_text(encoding="utf-8")):
                for pod in pods(part):
                    volumes = {volume["name"] for volume in pod.get("volumes", [])}
                    for container in pod["containers"]:
                        assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes
                if part.get("kind"):
                    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", part["metadata"]["name"]), path


def pods(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if "containers" in part:
            yield part
        for value in part.values():
            yield from pods(value)


def test_every_template_and_every_shared_file_is_used(made: dict[str, Path]) -> None:
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert folders == {*NAMES, SHARED}
    shared = {path.name for path in (FOLDER / SHARED).iterdir() if path.is_file()}
    assert shared == {file for name in NAMES for file in template(name).shared}


def test_the_manual_names_every_template_and_its_commands_there_are() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    assert set(re.findall(r"^## `([\w-]+)`", text, re.MULTILINE)) == set(NAMES)
    for words in commands(text, MANUAL.name):
        assert_there(words, None)


def test_the_tests_of_projects_pass(made: dict[str, Path], tmp_path: Path, cache: Path) -> None:
    """In CI those of all; here of some that stand for the others, which take twice the time."""
    names = NAMES if "CI" in os.environ else ("pictures", "serve", "research")
    here = {**os.environ, **ENVIRONMENT, "SFUMATO_CACHE": str(cache), "PYTHONPATH": str(FOLDER.parents[1])}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *(str(made[name]) for name in names)],
        cwd=tmp_path,
        env={name: value for name, value in here.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not list(tmp_path.iterdir())


def new(*words: str) -> None:
    app(["new", *words], exit_on_error=False, print_error=False, result_action="return_value")


def test_new_alone_lists_the_templates_and_with_a_name_says_what_is_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    new()
    listed = capsys.readouterr().out
    assert all(re.search(rf"^{name} +\w", listed, re.MULTILINE) for name in NAMES)
    (tmp_path / "digits2").mkdir()  # an empty one is taken
    new("digits2", "--from", "research")
    said = capsys.readouterr().out
    assert "cd digits2" in said and "python research.py --minutes 3" in said
    assert (tmp_path / "digits2" / "README.md").exists() and not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    "words, said",
    [
        (["here", "--from", "pictures"], "here is already there and not empty; give a new folder"),
        (["there", "--from", "pictures"], "there is already there and not empty"),
        (["own", "--from", "picture"], "unknown template 'picture': did you mean 'pictures'"),
        (["own"], "say what own begins with: --from pictures, prompts, .* or research"),
        (["--from", "video"], "say what the project is called, as in sfumato new my-video --from video"),
        (["-x", "--from", "video"], "Unknown option: -x|can't be what a project is called"),
        (["ümlaut", "--from", "video"], "'ümlaut' can't be what a project is called: .* such as my-pictures"),
        (["a b", "--from", "video"], "'a b' can't be what a project is called"),
        (["con", "--from", "video"], "'con' can't be"),
        (["..", "--from", "video"], r"'\.\.' can't be"),
        ([".", "--from", "video"], r"'\.' can't be"),
        (["Torch", "--from", "video"], "'Torch' is what a package is called that the project needs; .* my-Torch"),
        (["scikit_learn", "--from", "video"], "'scikit_learn' is what a package is called"),
        (["there/own", "--from", "video"], "there/own can't be written: not a directory; give a folder"),
    ],
)
def test_what_can_t_be_made_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here").mkdir()
    Path("here/mine.txt").write_text("kept")
    Path("there").write_text("a file")
    with pytest.raises(Exception, match=said) as refused:
        new(*words)
    assert isinstance(refused.value, SfumatoError) or words[0] == "-x"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["here", "mine.txt", "there"]


def test_a_name_may_be_a_path_and_is_that_of_its_folder(tmp_path: Path) -> None:
    assert check_name(tmp_path / "a" / "faces.v2") == "faces.v2"
    (readme, *_) = write_project(tmp_path / "deeper" / "still" / "faces.v2", "serve")
    assert readme == tmp_path / "deeper" / "still" / "faces.v2" / "README.md"
    assert (readme.parent / "faces-v2.service").exists()
