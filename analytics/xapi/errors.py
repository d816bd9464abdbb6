"""What is wrong with a value, and where in the JSON it stands."""

from __future__ import annotations

import re

from analytics.errors import InvalidInput

PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")
Step = str | int


class InvalidValue(InvalidInput):
    """A value that the specification does not allow.

    `path` leads to it from the root of the document: names of properties and indices of arrays. Whoever checks the
    parts of an object adds its step on the way up (`below`), so that a valid document costs nothing.
    """

    def __init__(self, sentence: str, *path: Step) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.path: tuple[Step, ...] = ()
        self.at(*path)

    def below(self, *steps: Step) -> InvalidValue:
        return self.at(*steps, *self.path)

    def at(self, *path: Step) -> InvalidValue:
        self.path = path
        self.pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
        return self

    def __str__(self) -> str:
        return f"{json_path(self.path)}: {self.sentence}"


def json_path(path: tuple[Step, ...]) -> str:
    """In the notation of RFC 9535: `$[3].actor.mbox`."""
    return "$" + "".join(
        f".{step}"
        if isinstance(step, str) and PLAIN_NAME.fullmatch(step)
        else f"[{step}]"
        if isinstance(step, int)
        else f"['{step}']"
        for step in path
    )


def shown(value: object, n_characters: int = 60) -> str:
    """A received value, for a sentence; cut where it is long."""
    text = repr(value)
    return text if len(text) <= n_characters else text[:n_characters] + "..."
