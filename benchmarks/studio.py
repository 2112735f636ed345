"""What the studio's page costs to open, and what Lighthouse says of it, for desktop and phone.

    python benchmarks/studio.py    against the built page (make studio); exits 1 where it misses

Lighthouse is fetched by npx (176 MB, which is why it is no dependency of the page).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from lesson import BROWSER, node, without_browser

LIGHTHOUSE = "lighthouse@13.5.0"
CHROME = "--headless=new --no-sandbox --disable-gpu"
WANTED = {"accessibility": 95, "best-practices": 95}
MAX_FIRST_VIEW = 0.4  # MB


def lighthouse(address: str, preset: str) -> dict[str, int]:
    """The scores of the page by `preset`, "desktop" or "mobile"."""
    assert BROWSER is not None
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        command = ["npx", "--yes", LIGHTHOUSE, address, "--quiet", "--output=json", f"--output-path={out}"]
        command += [f"--only-categories={','.join(WANTED)}", f"--chrome-flags={CHROME}", "--max-wait-for-load=300000"]
        command += ["--preset=desktop"] if preset == "desktop" else []
        subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": BROWSER}, timeout=900)
        categories = json.loads(out.read_text())["categories"]
    return {name: round(100 * (categories[name]["score"] or 0)) for name in WANTED}


def main() -> int:
    if why := without_browser():
        sys.exit(why)
    rows: list[tuple[str, str, str, bool]] = []  # what, found, wanted, whether it is
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sfumato", "studio", "digits", "--port", "0", "--no-browser"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as studio:
            assert studio.stdout is not None
            address = studio.stdout.readline().split(" open at ")[1].split(", with")[0]
            try:
                sent = node("studio.mjs", address, "first")["sent"] / 1e6
                rows.append(("first view, sent", f"{sent:.3f} MB", f"≤ {MAX_FIRST_VIEW} MB", sent <= MAX_FIRST_VIEW))
                for preset in ("desktop", "mobile"):
                    for name, score in lighthouse(address, preset).items():
                        rows.append(
                            (f"Lighthouse {preset}, {name}", str(score), f"≥ {WANTED[name]}", score >= WANTED[name])
                        )
            finally:
                studio.terminate()
    for what, found, wanted, good in rows:
        print(f"{'  ' if good else '✗ '}{what:<40}{found:>12}   {wanted}")
    return 0 if all(good for *_, good in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
