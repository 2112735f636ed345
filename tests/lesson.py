"""The lesson's built pages in a real browser, or the reason why not."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sfumato.lesson.server import SITE, LessonServer

WEB = Path(__file__).parents[1] / "web"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def missing() -> str:
    """Why the lesson's pages can't be tested here; empty where they can."""
    if shutil.which("node") is None:
        return "Node.js 20 is not installed"
    if not (WEB / "node_modules" / "playwright-core").exists() or not (SITE / "index.html").exists():
        return "the lesson is not built: run make lesson"
    if not any(shutil.which(name) for name in BROWSERS):
        return "no Chromium is installed"
    return ""


@contextmanager
def served(folder: Path = SITE) -> Iterator[str]:
    """The pages' address while they are served."""
    with LessonServer(folder, port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.address
        server.shutdown()


def node(script: str, *arguments: str, told: Any = None) -> Any:
    """What a script of web/tests prints, as JSON; its complaint where it fails."""
    result = subprocess.run(
        ["node", f"tests/{script}", *arguments],
        cwd=WEB,
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert result.returncode == 0, result.stderr[-4000:] + result.stdout[-4000:]
    return json.loads(result.stdout)
