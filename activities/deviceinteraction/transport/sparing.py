"""Connections that send no padding: packets of SSH that say nothing, and that a device must decrypt all the same.

asyncssh sends an empty ``SSH_MSG_IGNORE`` (RFC 4253, 11.2) before each packet, against an attack on ciphers in CBC mode
(RFC 4251, 9.3.1). No other mode needs it, and it costs both sides as much as a packet that says something. asyncssh has
no option to leave it out.
"""

import asyncssh
from asyncssh.constants import MSG_IGNORE
from asyncssh.packet import SSHPacketLogger


class Sparing(asyncssh.SSHClient):
    """What asyncssh's ``connect`` takes as ``client_factory``."""

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """Stands between the connection and its own way of sending, which asks for the padding."""
        send = conn.send_packet

        def needed(pkttype: int, *args: bytes, handler: SSHPacketLogger | None = None) -> None:
            if pkttype != MSG_IGNORE or "cbc" in conn.get_extra_info("send_cipher", "cbc"):
                send(pkttype, *args, handler=handler)

        conn.send_packet = needed  # type: ignore[method-assign]  # what it calls itself, it calls by this name
