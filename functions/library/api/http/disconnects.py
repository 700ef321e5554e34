"""Whether a client is still there, asked of its connection.

ASGI tells it only to who receives what comes after the body; but a request that has yet to be refused or not leaves its
body where it is: the client may wait for leave to send it (RFC 9110, 10.1.1).
"""

import socket
from asyncio import Transport

STATE = "client_disconnected"
"""Where the server puts it in a request's state, as a function."""

_ESTABLISHED = 1
"""Linux, include/net/tcp_states.h."""


def connection_is_closed(transport: Transport) -> bool:
    """Tell whether a connection is closed, by either side.

    The kernel knows of the other side's end once it has room for all that was sent before it: where a large body is
    left unread, only when it has been read.
    """
    if transport.is_closing():
        return True
    try:
        connection: socket.socket = transport.get_extra_info("socket")
        state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    except OSError:  # it is no TCP connection
        return False
    return state[0] != _ESTABLISHED
