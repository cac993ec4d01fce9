"""The setting of Jupyter's server that explorers profit from."""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from pathlib import Path

from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

from course_lib.live import server


def test_a_kernel_s_socket_sends_small_messages_at_once(monkeypatch):
    heard = []

    class Socket:
        def set_nodelay(self, value):
            heard.append(value)

    async def opened(self, kernel_id):
        heard.append(kernel_id)

    monkeypatch.setattr(KernelWebsocketHandler, "open", opened)
    server._load_jupyter_server_extension(None)
    asyncio.run(KernelWebsocketHandler.open(Socket(), "a kernel"))
    assert heard == [True, "a kernel"]


def test_the_installed_setting_names_the_extension():
    folder = Path(server.__file__).parent / "jupyter_server_config.d"
    setting = json.loads((folder / "course_lib.json").read_text())
    (named,) = setting["ServerApp"]["jpserver_extensions"]
    points = import_module(named)._jupyter_server_extension_points()
    assert points == [{"module": named}]
