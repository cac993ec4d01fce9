"""Lets Jupyter's server send small messages at once, instead of waiting to fill a packet.

An explorer's frames are small: with the wait, Nagle's algorithm, each takes 40 ms longer.
Installing the package switches this on, by the setting in jupyter_server_config.d.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    from jupyter_server.services.kernels import websocket

    handler: Any = websocket.KernelWebsocketHandler
    opened = handler.open

    async def open_without_delay(self: Any, *about: Any, **more: Any) -> None:
        self.set_nodelay(True)
        await opened(self, *about, **more)

    handler.open = open_without_delay
