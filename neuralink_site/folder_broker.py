"""The embedded broker: kombu's `filesystem` transport, without its two races between processes.

kombu opens a message under its final name and then writes it, so that a worker that looks at the wrong moment takes
an empty file and ends with a JSON error; the table of an exchange has the same gap when it is first written.
"""

import contextlib
import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


class Channel(filesystem.Channel):  # type: ignore[misc]  # kombu has no types
    def _put(self, queue: str, payload: Any, **_kwargs: Any) -> None:
        """Write beside and rename: a message is there whole or not at all."""
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        message = Path(self.data_folder_out) / name
        beside = message.with_name(f"{name}.part")
        beside.write_bytes(str_to_bytes(dumps(payload)))
        os.replace(beside, message)

    def get_table(self, exchange: str) -> Any:
        with self._alone():
            return super().get_table(exchange)

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        with self._alone():
            super()._queue_bind(exchange, routing_key, pattern, queue)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process reads or writes a table meanwhile."""
        with (Path(self.control_folder) / "tables.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):  # type: ignore[misc]
    Channel = Channel
