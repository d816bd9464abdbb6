"""Refusals that have a status of their own; what is merely invalid is InvalidValue and 400."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from analytics.errors import NeuralinkError
from analytics.xapi.errors import InvalidValue


class Refused(NeuralinkError):
    status = 400


class InvalidParameter(Refused):
    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name


@contextmanager
def parsing(name: str) -> Iterator[None]:
    """Within the block, what is invalid is the parameter `name`."""
    try:
        yield
    except InvalidValue as error:
        raise InvalidParameter(name, f"{name}: {error.sentence if not error.path else error}") from None


class Unauthorized(Refused):
    status = 401


class Forbidden(Refused):
    status = 403


class NotFound(Refused):
    status = 404


class Conflict(Refused):
    status = 409


class PreconditionFailed(Refused):
    status = 412


class TooLarge(Refused):
    status = 413
