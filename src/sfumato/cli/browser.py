"""Opening a page of ours in the reader's browser."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser


def opens(address: str) -> bool:
    """Whether there is a browser to open `address` in; nobody waits for it."""
    if sys.platform == "linux" and not any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))):
        return False  # one in the terminal shows nothing of the page, and would take the terminal
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    threading.Thread(target=found.open, args=(address,), daemon=True).start()
    return True
