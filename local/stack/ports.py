"""Loopback ports: the chosen ones, the default ones, or any free ones."""

import os
import random
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# All are below the range from which the kernel takes ports for outgoing connections. In that range, a connection could
# take the port between its claim and its use.
USUAL_PORTS: Mapping[str, int] = {
    "gateway": 24321,
    "postgres": 24322,
    "library": 24323,
    "worker": 24324,
    "lease_cleanup": 24325,
    "postgrest": 24326,
    "edge": 24327,
    "supabase_api": 24328,
}
_HIGHEST = 65535
_FREE_RANGE = range(20000, 32000)


class PortBusy(Exception):
    """A requested port is in use."""


@dataclass(frozen=True, kw_only=True)
class PortClaim:
    """A port and the lock that keeps other stacks of this machine away from it."""

    number: int
    lock: socket.socket

    def release(self) -> None:
        """Lets others claim the port."""
        self.lock.close()


def chosen_ports(text: str | None) -> dict[str, int]:
    """Parses `gateway=8000,library=8001`. Ports that it omits come from EDITAI_GATEWAY_PORT and so on."""
    chosen = {
        name: _number(value, f"{variable} is")
        for name in USUAL_PORTS
        if (value := os.environ.get(variable := f"EDITAI_{name.upper()}_PORT"))
    }
    for pair in filter(None, (text or "").split(",")):
        name, _, value = pair.partition("=")
        if name not in USUAL_PORTS or not value.isdecimal():
            raise ValueError(f"--ports takes name=number of {', '.join(USUAL_PORTS)}; not {pair!r}")
        chosen[name] = _number(value, f"--ports names for {name}")
    return chosen


def _number(text: str, source: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= _HIGHEST):
        raise ValueError(f"{source} a port, a number from 1 to {_HIGHEST}; not {text!r}")
    return int(text)


def claim_ports(chosen: Mapping[str, int], last: Mapping[str, int]) -> dict[str, PortClaim]:
    """Claims a port for every part: exactly the chosen one, otherwise the last used, the default or any free one.

    Raises PortBusy for a chosen port that is in use.
    """
    claims: dict[str, PortClaim] = {}
    for name, usual in USUAL_PORTS.items():
        if name in chosen:
            claims[name] = _claim_chosen(name, chosen[name])
        else:
            claims[name] = claim_free_port([last.get(name, usual), usual])
    return claims


def claim_free_port(preferred: Iterable[int] = ()) -> PortClaim:
    """Claims the first preferred port that is free, otherwise a random one."""
    others = random.sample(_FREE_RANGE, 500)
    for number in [*preferred, *others]:
        if claim := _claim(number):
            return claim
    raise PortBusy("no free port was found on 127.0.0.1")


def is_free(number: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
    return True


def _claim_chosen(name: str, number: int) -> PortClaim:
    if claim := _claim(number):
        return claim
    raise PortBusy(
        f"Port {number}, chosen for {name}, is in use. "
        f"Choose another with EDITAI_{name.upper()}_PORT or --ports {name}=NUMBER, "
        "or choose none to have a free one picked."
    )


def _claim(number: int) -> PortClaim | None:
    """Claims a port by a name in the abstract socket namespace, which the kernel frees with the process."""
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        lock.bind(f"\0editai-port-{number}")
    except OSError:
        lock.close()
        return None
    if is_free(number):
        return PortClaim(number=number, lock=lock)
    lock.close()
    return None
