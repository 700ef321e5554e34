"""Detects that a client has disconnected, from the state of its connection.

ASGI reports a disconnect only after the body is read. We often decide earlier, so we ask the socket. The body stays
unread until we accept the request, because the client may be waiting for `100 Continue` (RFC 9110, 10.1.1).
"""

import socket
from asyncio import Transport

STATE = "client_disconnected"
"""The key in a request's state under which the server puts the check, as a function."""

_ESTABLISHED = 1
"""Linux, include/net/tcp_states.h."""


def connection_is_closed(transport: Transport) -> bool:
    """Return whether either side has closed the connection.

    The kernel learns of the client's close only after it has buffered everything that the client sent before. While a
    large body is unread, a disconnect therefore stays unnoticed until the body has been read.
    """
    if transport.is_closing():
        return True
    try:
        connection: socket.socket = transport.get_extra_info("socket")
        state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    except OSError:  # not a TCP connection
        return False
    return state[0] != _ESTABLISHED
