"""A slow network on one machine: a TCP relay that delays and thins out what passes through it.

`drag.py` drives JupyterLab through it. By hand, `python tests/benchmarks/slow_link.py 8888` opens a
second port to a server on port 8888, with 80 ms added each way and 5 Mbit/s in each direction.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import threading

CHUNK = 1460  # bytes: one packet of an ordinary network
LONGEST_QUEUE = 0.5  # seconds of traffic that wait on the link before a sender is held back


class Direction:
    """One direction of the link, shared by all connections: packets leave one after the other."""

    def __init__(self, delay: float, rate: float) -> None:
        self.delay, self.rate, self.bytes = delay, rate, 0
        self._free = 0.0

    def send(self, size: int, now: float) -> float:
        """Return when a packet that enters the link now comes out at its other end."""
        self.bytes += size
        self._free = max(now, self._free) + 8 * size / self.rate
        return self._free + self.delay

    def queue(self, now: float) -> float:
        """Return how many seconds of traffic wait to enter the link."""
        return max(0.0, self._free - now)


class SlowLink:
    """A relay on a port of its own to a server on this machine; use it in a `with` statement.

    Parameters
    ----------
    port : int
        Of the server.
    delay : float
        Seconds added each way.
    rate : float
        Bits per second in each direction.

    Attributes
    ----------
    port : int
        Where the server is reached through the link.
    slow : bool
        False lets everything pass at once, for example while a page is loaded.
    """

    def __init__(self, port: int, delay: float = 0.08, rate: float = 5e6) -> None:
        self._server_port, self.slow = port, True
        self.up, self.down = Direction(delay, rate), Direction(delay, rate)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> SlowLink:
        self._thread.start()
        opened = asyncio.start_server(self._connect, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(opened, self._loop).result()
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *problem: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.close()
            return
        for end in (writer, server[1]):
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(
                self._pump(reader, server[1], self.up), self._pump(server[0], writer, self.down)
            )

    async def _pump(self, reader, writer, direction: Direction) -> None:
        """Read as long as the link takes more, and write each packet when its time has come."""
        under_way: asyncio.Queue = asyncio.Queue()
        delivering = asyncio.create_task(self._deliver(under_way, writer))
        with contextlib.suppress(OSError):
            while packet := await reader.read(CHUNK if self.slow else 2**16):
                now = self._loop.time()
                due = direction.send(len(packet), now) if self.slow else now
                under_way.put_nowait((due, packet))
                if self.slow and direction.queue(now) > LONGEST_QUEUE:
                    await asyncio.sleep(direction.queue(now) - LONGEST_QUEUE)
        under_way.put_nowait((0.0, b""))
        await delivering

    async def _deliver(self, under_way: asyncio.Queue, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, packet = await under_way.get()
                if not packet:
                    break
                if (wait := due - self._loop.time()) > 0:
                    await asyncio.sleep(wait)
                writer.write(packet)
                await writer.drain()
        writer.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("port", type=int, help="of the server on this machine")
    options.add_argument("--delay", type=float, default=80, help="milliseconds added each way")
    options.add_argument("--rate", type=float, default=5, help="Mbit/s in each direction")
    chosen = options.parse_args()
    with SlowLink(chosen.port, chosen.delay / 1000, chosen.rate * 1e6) as link:
        print(f"port {chosen.port} is now also port {link.port}, slowly; Ctrl-C ends it")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
