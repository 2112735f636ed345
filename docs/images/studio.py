"""The README's picture of the studio, once it is built: `python docs/images/studio.py [FOLDER]`; CHROMIUM is a browser.

With a FOLDER it takes pictures of it there instead, to look at: three sizes, light and dark.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
ASKED = (
    {"model": "digits", "seeds": "0-15", "steps": 20},
    {"model": "avatars", "prompt": "green cactus plant, yellow bowl pot, happy eyes, smile mouth", "seeds": "0-3"},
    {"model": "emoji", "prompt": "crossed fingers, light skin tone", "seeds": "0-3"},
    {"model": "emoji", "prompt": "purple heart", "seeds": "0-7"},
)


def ask(address: str, path: str, body: object = None) -> object:
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"{address}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=900) as answer:
        return answer.read() if path.endswith("/events") else json.load(answer)


def shots(address: str, out: Path, widths: str, theme: str, *queries: str) -> None:
    environment = {**os.environ, "WIDTHS": widths, "THEME": theme, "WAIT": "6000"}
    words = ["node", "tests/look.mjs", f"{address}/", str(out.resolve()), *queries]
    subprocess.run(words, cwd=HERE.parents[1] / "web", env=environment, check=True, timeout=900)


with tempfile.TemporaryDirectory() as folder:
    command = [sys.executable, "-m", "sfumato", "studio", "emoji", "avatars", "digits", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as studio:
        address = studio.stdout.readline().split(" open at ")[1].split(", with")[0]
        for one in ASKED:
            name = ask(address, "/v1/jobs", one)["id"]
            ask(address, f"/v1/jobs/{name}/events")
        if len(sys.argv) > 1:
            for theme in ("light", "dark"):
                shots(address, Path(sys.argv[1]), "390,1280,1920", theme, "#generate", "#models", "#train")
        else:
            shots(address, Path(folder), "1280", "light", "#generate")
            (shot,) = Path(folder).glob("*.png")
            Image.open(shot).convert("RGB").save(HERE / "studio.webp", quality=82, method=6)
        studio.terminate()
