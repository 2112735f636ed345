"""Names and addresses that a server of this machine is called by."""

from __future__ import annotations

import ipaddress
import socket


def is_loopback(host: str) -> bool:
    """Whether `host` means this machine to itself alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_own(host: str) -> bool:
    """Whether `host` can't be another site's name that points here: an address, or what this machine calls itself."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.removesuffix(".local") in ("localhost", socket.gethostname().lower().removesuffix(".local"))
    return True
