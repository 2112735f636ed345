"""How often each client may ask: a bucket of tokens for each, of which few clients' are remembered."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable

MAX_CLIENTS = 10_000  # that are remembered; who has asked least recently is as new again
NETWORK = 64  # bits of an IPv6 address, which are one client's


class Rates:
    """Lets each client ask `per_minute` times a minute in the long run, and as often at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # tokens of each and when they were counted, the latest last

    def __len__(self) -> int:
        return len(self._left)

    def ask(self, client: str) -> float:
        """0 where `client` may ask now, which is counted; else in how many seconds."""
        now, key = self._clock(), _network(client)
        left, before = self._left.pop(key, (self._most, now))
        left = min(self._most, left + (now - before) * self._most / 60)
        granted = left >= 1
        self._left[key] = (left - 1 if granted else left), now
        if len(self._left) > MAX_CLIENTS:
            del self._left[next(iter(self._left))]
        return 0.0 if granted else (1 - left) * 60 / self._most


def _network(client: str) -> str:
    """One client's addresses as one: of IPv6 each has a whole network."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return client
    return str(ipaddress.ip_network((int(address) >> (128 - NETWORK) << (128 - NETWORK), NETWORK)))
