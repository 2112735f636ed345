"""Puts the pages of lesson and studio into a distribution: as `make` built them, or built here where it can be done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NEEDED = ("sfumato", "torch", "onnx", "onnxscript")  # to compute what the lesson shows


class LessonHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds what isn't built yet; without the means to, it says what will be missing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        if not self._has("serving/site/index.html") and self._can("studio page", "studio", []):
            self._vite("--config", "studio.config.ts")
        if not self._has("lesson/site/sw.js") and self._can("lesson pages", "lesson", NEEDED):
            environment = {**os.environ, "PYTHONPATH": str(self._root / "src")}
            computed = [sys.executable, "-m", "sfumato.lesson.computed", "web/public/computed"]
            if not (self._root / "web/public/computed/manifest.json").exists():
                subprocess.run(computed, cwd=self._root, env=environment, check=True)
            self._vite()

    @property
    def _root(self) -> Path:
        return Path(self.root)

    def _has(self, file: str) -> bool:
        return (self._root / "src/sfumato" / file).exists()

    def _can(self, what: str, target: str, needed: list[str] | tuple[str, ...]) -> bool:
        missing = [name for name in needed if find_spec(name) is None]
        if shutil.which("npm") is None:
            missing.append("npm")
        if missing:
            self.app.display_warning(
                f"This build of sfumato has no {what}, not built yet, and can't be "
                f"built here without {', '.join(missing)}. Run `make {target}` in the checkout first."
            )
        return not missing

    def _vite(self, *words: str) -> None:
        if not (self._root / "web/node_modules").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=self._root / "web", check=True)
        subprocess.run(["node_modules/.bin/vite", "build", *words], cwd=self._root / "web", check=True)
