"""Errors that people read: each message says what is wrong, what was received and what to do."""


class NeuralinkError(Exception):
    """A fault whose message may be shown as it is, to whoever caused it."""


class InvalidInput(NeuralinkError):
    """Input that a boundary refused; `pointer` names the row, field or parameter at fault."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class LeaseLost(NeuralinkError):
    """Another worker holds the job now; whoever meets this must stop without writing."""


class JobCancelled(NeuralinkError):
    """Somebody asked for the job to stop."""
