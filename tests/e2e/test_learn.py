"""`sfumato learn` in a process of its own: opened, asked, and ended."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sfumato.data import picture
from sfumato.hub import load

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM or SIGINT for another process")

# The command line as it is, but for where the built pages lie.
OVER_OTHER_PAGES = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # which what a shell starts in the background ignores
import sfumato.cli.learn, sfumato.lesson.server
site = Path(sys.argv.pop(1))
sfumato.cli.learn.pages = lambda: sfumato.lesson.server.pages(site)
from sfumato.cli import main
main()
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>the lesson</title>")
    (folder / "assets" / "a-1.js").write_text("let a = 1")
    return folder


def command(site: Path, *arguments: object) -> list[str]:
    return [sys.executable, "-c", OVER_OTHER_PAGES, str(site), "learn", *map(str, arguments)]


def learn(site: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(site, *arguments), capture_output=True, text=True, timeout=300, cwd=site.parent)


@contextmanager
def opened(site: Path, *arguments: object, end: signal.Signals = signal.SIGTERM) -> Iterator[tuple[str, list[str]]]:
    """The address of an open lesson, and afterwards what it wrote besides; it must end at once and quietly."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command(site, "--port", 0, "--no-browser", *arguments),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=site.parent,
    )  # fmt: skip
    written: list[str] = []
    try:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        print(f"open after {time.perf_counter() - begun:.2f} s")
        assert line.startswith("The lesson is open at http://localhost:"), line + process.stderr.read()
        yield line.split()[5], written
        process.send_signal(end)
        out = process.stdout.read()  # with what came along with the first line, which communicate() would not see
        _, err = process.communicate(timeout=120)
        written += [out, err]
        assert process.returncode == 0 and err == "", err
    finally:
        process.kill()
        process.wait()


def ask(address: str, told: Any = None) -> Any:
    """What is answered: JSON as such, anything else as bytes; a refusal as its status and its sentence."""
    body = None if told is None else told if isinstance(told, bytes) else json.dumps(told).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"} if body is not None else {})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            content = answer.read()
            return json.loads(content) if answer.headers["Content-Type"] == "application/json" else content
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["error"]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_opens_and_ends_quietly(site: Path, end: signal.Signals) -> None:
    with opened(site, end=end) as (address, written):
        assert b"the lesson" in ask(address)
        assert ask(f"{address}live.json")["run"] is None
        status, sentence = ask(f"{address}live/draw", {"seeds": [0]})
        assert status == 400 and "--run" in sentence
    assert written == ["", ""]


def test_it_opens_without_waiting_for_pytorch() -> None:
    heavy = "{'torch', 'numpy', 'PIL'} & set(sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", f"import sys, sfumato.cli.learn; print({heavy} or 'none')"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert told.stdout == "none\n", told


def test_it_says_who_else_can_open_it(site: Path) -> None:
    with opened(site, "--host", "0.0.0.0") as (address, written):
        assert b"the lesson" in ask(address)
        assert b"the lesson" in ask(address.replace("localhost", "127.0.0.1"))
    assert "everyone who can reach this machine" in written[0] and "train on its processor" in written[0]
    with opened(site, "--host", "localhost") as (_, written):
        pass
    assert written == ["", ""]


def test_a_folder_for_any_host(site: Path, tmp_path: Path) -> None:
    written = learn(site, "--build", tmp_path / "new" / "lesson")
    assert written.returncode == 0 and "2 files" in written.stdout, written
    assert (tmp_path / "new" / "lesson" / "assets" / "a-1.js").read_text() == "let a = 1"
    (tmp_path / "empty").mkdir()
    assert learn(site, "--build", tmp_path / "empty").returncode == 0
    (tmp_path / "file").write_text("")
    wrong = {
        tmp_path / "empty": "not empty",
        tmp_path / "file": "not empty",
        tmp_path / "file" / "within": "could not be written",
        site / "assets" / "within": "inside the installed lesson",
    }
    for target, words in wrong.items():
        assert_one_clear_line(learn(site, "--build", target), words)
    assert_one_clear_line(learn(site, "--build", tmp_path / "x", "--run", "digits"), "leave --run out")


def test_a_folder_that_knows_where_it_will_be_is_shown_with_its_picture(site: Path, tmp_path: Path) -> None:
    page = '<meta property="og:image" content="./computed/card.png" />'
    (site / "index.html").write_text(page)
    (site / "sw.js").write_text(f"index.html: {sha256(page.encode()).hexdigest()}")
    written = learn(site, "--build", tmp_path / "out", "--address", "https://example.org/les&son/")
    assert written.returncode == 0 and "http.server" in written.stdout, written
    named = (tmp_path / "out" / "index.html").read_text()
    assert 'content="https://example.org/les&amp;son/computed/card.png"' in named
    assert (tmp_path / "out" / "sw.js").read_text() == f"index.html: {sha256(named.encode()).hexdigest()}"
    assert_one_clear_line(learn(site, "--build", tmp_path / "x", "--address", "example.org"), "whole address")
    assert_one_clear_line(learn(site, "--address", "https://example.org"), "--build")


def test_every_wrong_turn_is_one_sentence(site: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert_one_clear_line(learn(site, "--port", port), f"port {port} is taken", "--port 0")
    assert_one_clear_line(learn(site, "--port", 65536), "between 0 and 65535")
    assert_one_clear_line(learn(site, "--port", -1), "between 0 and 65535")
    assert_one_clear_line(learn(site, "--port", 0, "--host", "no such host"), "--host")
    assert_one_clear_line(learn(site, "--port", 0, "--run", tmp_path / "nowhere"), "there is no folder")
    assert_one_clear_line(learn(site, "--port", 0, "--run", site), "no trained model")
    assert_one_clear_line(learn(tmp_path / "not-built"), "not built", "make lesson")


def assert_one_clear_line(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode == 2, result
    assert result.stderr.startswith("sfumato: ") and result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr and "unexpected" not in result.stderr, result.stderr
    for word in words:
        assert word in result.stderr, result.stderr


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content))).astype(int)


def test_its_pictures_are_the_model_s_own(site: Path) -> None:
    model = load("digits")
    asked: list[dict[str, Any]] = [
        {"seeds": [0, 1, 2], "labels": [3, 1, 4]},
        {"seeds": [7], "labels": [0], "guidance": 2.5, "steps": 4},
        {"seeds": [5, 6], "sampler": "DPM++ 2M Karras", "steps": 6},
    ]
    with opened(site, "--run", "digits") as (address, _):
        told = ask(f"{address}live.json")["run"]
        assert (told["name"], told["shape"], told["parameters"]) == ("digits", [1, 8, 8], model.parameter_count)
        for one in asked:
            expected = picture(model.sample(**one), one.get("labels"))
            drawn = pixels(ask(f"{address}live/draw", one))
            assert np.abs(drawn - np.asarray(expected).astype(int)).max() <= 1
        wrong: dict[str, Any] = {
            "JSON": b"{",
            "object": [],
            "seeds": {},
            "at least 1": {"seeds": []},
            "at most 64": {"seeds": [0] * 65},
            "seeds.0": {"seeds": [-1]},
            "seeds.1": {"seeds": [0, 0.5]},
            "run": {"seeds": [0], "run": "/etc/passwd"},
            "2 seeds": {"seeds": [0, 1], "labels": [0]},
            "from 0 to 9": {"seeds": [0], "labels": [10]},
            "1000": {"seeds": [0], "steps": 1001},
            "greater": {"seeds": [0], "steps": 0},
            "guidance": {"seeds": [0], "guidance": 1e9},
            "finite": b'{"seeds": [0], "guidance": NaN}',
            "unknown sampler": {"seeds": [0], "sampler": "nonsense"},
            "at least 3 steps": {"seeds": [0], "sampler": "unipc3", "steps": 1},
        }
        for words, one in wrong.items():
            status, sentence = ask(f"{address}live/draw", one)
            assert status == 400 and words in sentence and sentence.endswith(".") and "\n" not in sentence, sentence


def test_a_training_is_watched_and_stopped(site: Path) -> None:
    with opened(site) as (address, written):
        begun = ask(f"{address}live/train", {})
        assert begun == {"number": 1}
        assert ask(f"{address}live/train", {})[0] == 409
        seen: list[dict[str, Any]] = []
        while len(seen) < 3:
            told = ask(f"{address}live/progress?since={len(seen)}")
            assert told["state"] in ("starting", "training") and told["error"] is None, told
            seen += told["moments"]
        assert [one["images"] for one in seen] == sorted({one["images"] for one in seen})
        assert seen[0]["loss"] is None and seen[2]["loss"] > 0
        for one in seen:
            assert len(one["errors"]) == 3 and len(one["samples"]) == 16 * 64
        assert seen[0]["samples"] != seen[2]["samples"]
        assert ask(f"{address}live/stop", {}) == {"number": 1}
        while (told := ask(f"{address}live/progress?since=999999"))["state"] == "training":
            pass
        assert told["state"] == "stopped" and told["moments"] == []
        assert ask(f"{address}live/stop", {"path": "x"})[0] == 400
        assert ask(f"{address}live/train", {}) == {"number": 2}  # which the end of the lesson ends
    assert written == ["", ""]
