"""Ask the service for pictures, with nothing but Python: python client.py 3 -n 4 --out pictures"""

import argparse
import base64
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path


def generate(url: str, prompt: str, count: int = 1, model: str = "digits") -> list[bytes]:
    """So many pictures of `prompt`, as PNG files; raises OSError that says what the service answered."""
    asked = {"model": model, "prompt": prompt, "n": count}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ.get('SFUMATO_TOKEN', 'none')}"}
    request = urllib.request.Request(f"{url}/v1/images/generations", json.dumps(asked).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            return [base64.b64decode(one["b64_json"]) for one in json.load(answer)["data"]]
    except urllib.error.HTTPError as error:
        raise OSError(f"the service answers {error.code}: {error.read().decode(errors='replace')}") from error


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("prompt", help="what to generate; a class's name for a model without captions")
    words.add_argument("-n", "--count", type=int, default=1)
    words.add_argument("--model", default="digits")
    words.add_argument("--url", default="http://localhost:8000")
    words.add_argument("--out", type=Path, default=Path("pictures"))
    given = words.parse_args()
    try:
        pictures = generate(given.url, given.prompt, given.count, given.model)
    except OSError as error:
        sys.exit(f"{given.url}: {error}")
    given.out.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        path = given.out / f"{number}.png"
        path.write_bytes(picture)
        print(path)
