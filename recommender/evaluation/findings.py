"""What a check found, in words: kept with the run and shown on its page."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. A finding that does not pass and stops ends a training, or keeps its version out of use."""

    name: str
    is_passed: bool
    sentence: str
    stops: bool = True

    @property
    def is_stopping(self) -> bool:
        return self.stops and not self.is_passed

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
