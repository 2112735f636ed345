"""The service in a process of its own, asked by the client here, and ended."""

import contextlib
import io
import re
import runpy
import subprocess
import sys
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent


def test_the_client_is_answered_and_the_service_ends():
    command = [sys.executable, "-m", "sfumato", "serve", "digits", "--port", "0"]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = []
        for line in service.stdout:
            said.append(line)
            if address := re.search(r"http://[\w.]+:\d+", line):
                break
        assert address, "".join(said)
        generate = runpy.run_path(str(HERE / "client.py"))["generate"]
        pictures = generate(address[0], "3", 2)
        assert len(pictures) == 2 and Image.open(io.BytesIO(pictures[0])).size[0] >= 8
        with contextlib.suppress(OSError):  # an answer that says what is wrong
            generate(address[0], "no such digit")
            raise AssertionError("a class that there isn't was drawn")
    finally:
        service.terminate()
        service.wait(60)
        service.stdout.close()
