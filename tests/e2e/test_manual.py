"""The manual as `make docs` builds it: its links, its reference, its search, and the way from its front page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from functools import partial
from html import unescape
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

import griffe
import pytest
import yaml
from filelock import FileLock

from lesson import node, without_browser
from sfumato.cli import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# What a new user looks for, where it is, and a word of what has to stand there.
WANTED = {
    "own-pictures.html": "sfumato train ./photos",
    "serving.html": "sfumato serve",
    "own-sampler.html": "x0_hat = yield x, here",
    "model-folder.html": "ema.safetensors",
}


class Page(HTMLParser):
    """What a page names itself and what it leads to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attributes if value is not None}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("img", "script", "iframe") and "src" in given:
            self.fetched.append(given["src"])
        elif tag == "link" and given.get("rel") != "canonical" and "href" in given:
            self.fetched.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site, which other workers of the same tests wait for."""
    shared = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if shared else base) / "manual"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "site/search.js").exists():
            words = [sys.executable, DOCS / "build.py", folder]
            built = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
            assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-4000:]
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}


def targets(path: Path, links: list[str]) -> Iterator[tuple[str, Path, str]]:
    """Of those links of a page that stay on the site: the link, its file and its anchor."""
    for link in links:
        parts = urlsplit(link)
        if not parts.scheme:
            yield link, (path.parent / unquote(parts.path)).resolve() if parts.path else path, unquote(parts.fragment)


def test_no_link_is_dead(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        for link, file, anchor in targets(path, page.links):
            file = file / "index.html" if file.is_dir() else file
            assert file.exists(), f"{path.name}: {link}"
            assert not anchor or file.suffix != ".html" or anchor in pages[file].anchors, f"{path.name}: {link}"


def test_nothing_is_fetched_from_elsewhere(pages: dict[Path, Page], site: Path) -> None:
    for path, page in pages.items():
        assert len([*targets(path, page.fetched)]) == len(page.fetched), page.fetched
        for link, file, _ in targets(path, page.fetched):
            assert file.exists(), f"{path.name}: {link}"
    assert not re.search(r"url\(\s*[\"']?(https?:)?//", "".join(p.read_text() for p in site.rglob("*.css")))


def test_what_a_new_user_looks_for_is_two_clicks_away_at_most(pages: dict[Path, Page], site: Path) -> None:
    reached = {site / "index.html"}
    for _ in range(2):
        reached |= {file for path in reached for _, file, _ in targets(path, pages[path].links) if file in pages}
    for name, words in WANTED.items():
        assert site / name in reached
        assert words in re.sub(r"<[^>]+>", "", pages[site / name].text), name


def test_every_page_is_in_the_contents() -> None:
    contents = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert f": {page.name}\n" in contents, page.name


def test_every_public_name_is_documented(site: Path, pages: dict[Path, Page]) -> None:
    """It has a docstring, and a place in the reference."""
    package = griffe.load("sfumato", search_paths=[ROOT / "src"])
    inventory = (site / "objects.inv").read_bytes()
    listed = {line.split(b" ")[0].decode() for line in zlib.decompress(inventory.split(b"\n", 4)[4]).splitlines()}
    modules = ["", *(path.stem for path in (site / "api").glob("*.html") if path.stem != "index")]
    assert {"diffusion", "sampling", "data", "hub", "nets", "training", "evaluation", "serving"} <= {*modules}
    top = import_module("sfumato")
    for module in modules:
        own = import_module(f"sfumato.{module}".rstrip("."))
        for name in own.__all__:
            path = f"{module}.{name}".lstrip(".")
            assert package[path].has_docstring, path
            shown = name if getattr(top, name, None) is getattr(own, name) else path
            assert f"sfumato.{shown}" in listed, path


def test_every_command_and_option_is_documented(pages: dict[Path, Page], site: Path) -> None:
    page = pages[site / "commands.html"]
    sections = dict(zip(*[iter(re.split(r'<h2 id="([\w-]+)"', page.text)[1:])] * 2, strict=True))
    for verb in (name for name in app if not name.startswith("-")):
        for argument in app[verb].assemble_argument_collection():
            assert argument.names[0] in sections[verb], (verb, argument.names)
            said = (argument.parameter.help or "").replace("`", "")[:20]
            assert said in unescape(re.sub(r"<[^>]+>", "", sections[verb])).replace("\n", " "), (verb, said)


@pytest.mark.skipif(bool(without_browser()), reason=without_browser())
@pytest.mark.parametrize("where", ["served", "from a disk"])
def test_search_finds_without_a_network(site: Path, where: str) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}" if where == "served" else site.as_uri()
        told = node("manual.mjs", f"{address}/index.html")
        server.shutdown()
    assert told["problems"] == []
    leads = {words: one["leads"].removeprefix(address) for words, one in told["found"].items()}
    assert all(one["holds"] for one in told["found"].values()), leads
    assert "model-folder.html" in leads["model folder"] and "/api/" in leads["classifier_free"]


def test_forms_and_citation_are_read_as_they_are_meant() -> None:
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert version is not None and cited["version"] == version[1] and cited["license"] == "Apache-2.0"
    assert {"cff-version", "message", "title", "authors"} <= cited.keys()
    forms = [one for one in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if one.stem != "config"]
    assert len(forms) == 3
    for form in forms:
        asked = yaml.safe_load(form.read_text(encoding="utf-8"))
        assert asked["name"] and asked["description"]
        for field in asked["body"]:
            assert field["type"] in ("textarea", "input") and field["attributes"]["label"]


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120 and max(map(len, text.splitlines())) <= 100
    links = re.findall(r"\]\(([^)]+)\)|^\[\w+\]: (.+)$", text, re.MULTILINE)
    assert len(links) > 15
    for link in map("".join, links):
        assert (ROOT / link).exists(), link
