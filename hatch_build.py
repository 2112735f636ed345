"""Puts the lesson's pages into a distribution: as `make lesson` built them, or built here where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NEEDED = ("sfumato", "torch", "onnx", "onnxscript", "sklearn")  # to compute what the pages show


class LessonHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the lesson where it isn't built yet; without the means to, it says what will be missing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if version == "editable" or (root / "src/sfumato/lesson/site/sw.js").exists():
            return
        missing = [name for name in NEEDED if find_spec(name) is None]
        if shutil.which("npm") is None:
            missing.append("npm")
        if missing:
            self.app.display_warning(
                "This build of sfumato has no lesson pages: they are not built yet, and can't be "
                f"built here without {', '.join(missing)}. Run `make lesson` in the checkout first."
            )
            return
        environment = {**os.environ, "PYTHONPATH": str(root / "src")}
        computed = [sys.executable, "-m", "sfumato.lesson.computed", "web/public/computed"]
        if not (root / "web/public/computed/manifest.json").exists():
            subprocess.run(computed, cwd=root, env=environment, check=True)
        if not (root / "web/node_modules").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=root / "web", check=True)
        subprocess.run(["node_modules/.bin/vite", "build"], cwd=root / "web", check=True)
