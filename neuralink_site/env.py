"""Typed readers of environment variables.

Every reader enters what it read into `SETTINGS_READ`, so that docs/settings.md can be compared with the code.
An empty variable counts as an absent one: `NAME=` in a compose file means "the default".
"""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

Value = TypeVar("Value")
TRUE_WORDS = ("1", "true", "yes", "on")
FALSE_WORDS = ("0", "false", "no", "off")
MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


@dataclass(frozen=True)
class SettingRead:
    """One variable as the code reads it; `default` and `allowed` in the words of the documentation."""

    name: str
    kind: str
    default: str
    allowed: str
    doc: str


SETTINGS_READ: dict[str, SettingRead] = {}


def text(name: str, default: str = "", *, doc: str = "", shown_default: str | None = None) -> str:
    """Read a string; `shown_default` documents a default that is computed or secret."""
    return _read(name, default, str, SettingRead(name, "text", _shown(default, shown_default), "any text", doc))


def integer(name: str, default: int, minimum: int | None = None, maximum: int | None = None, *, doc: str = "") -> int:
    return _number(name, default, int, minimum, maximum, doc)


def number(
    name: str, default: float, minimum: float | None = None, maximum: float | None = None, *, doc: str = ""
) -> float:
    return _number(name, default, float, minimum, maximum, doc)


def boolean(name: str, default: bool, *, doc: str = "") -> bool:
    def parse(raw: str) -> bool:
        if raw.lower() not in TRUE_WORDS + FALSE_WORDS:
            raise ValueError(raw)
        return raw.lower() in TRUE_WORDS

    allowed = f"{', '.join(TRUE_WORDS)} or {', '.join(FALSE_WORDS)}"
    return _read(name, default, parse, SettingRead(name, "boolean", str(default).lower(), allowed, doc))


def choice(name: str, default: str, allowed: Sequence[str], *, doc: str = "") -> str:
    def parse(raw: str) -> str:
        if raw not in allowed:
            raise ValueError(raw)
        return raw

    return _read(name, default, parse, SettingRead(name, "choice", default, " or ".join(allowed), doc))


def path(name: str, default: Path, *, doc: str = "", shown_default: str | None = None) -> Path:
    """Read a folder or file; `~` is expanded, and a relative path starts at the current folder."""
    read = SettingRead(name, "path", _shown(str(default), shown_default), "a path", doc)
    return _read(name, default, lambda raw: Path(raw).expanduser().resolve(), read)


def words(name: str, default: Sequence[str] = (), *, doc: str = "", shown_default: str | None = None) -> list[str]:
    """Read a list separated by commas."""
    read = SettingRead(name, "list", _shown(",".join(default), shown_default), "words separated by commas", doc)
    return _read(name, list(default), lambda raw: [w.strip() for w in raw.split(",") if w.strip()], read)


def mail_server(name: str, *, doc: str = "", shown_default: str = "") -> dict[str, object]:
    """Read the address of a mail server as Django's settings `EMAIL_...`; empty where none is named."""
    allowed = "smtp://, smtp+tls:// or smtps:// with login, password, host and port, or console:"

    def parse(raw: str) -> dict[str, object]:
        if raw == "console:":
            return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
        address = urlsplit(raw)
        if address.scheme not in MAIL_PORTS or not address.hostname:
            raise ValueError(raw)
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": address.hostname,
            "EMAIL_PORT": address.port or MAIL_PORTS[address.scheme],
            "EMAIL_HOST_USER": unquote(address.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(address.password or ""),
            "EMAIL_USE_TLS": address.scheme == "smtp+tls",
            "EMAIL_USE_SSL": address.scheme == "smtps",
        }

    return _read(name, {}, parse, SettingRead(name, "address", shown_default, allowed, doc))


def _number(
    name: str,
    default: Value,
    convert: Callable[[str], Value],
    minimum: float | None,
    maximum: float | None,
    doc: str,
) -> Value:
    kind = "integer" if convert is int else "number"

    def parse(raw: str) -> Value:
        value = convert(raw)
        given = float(raw)
        # "nan" and "inf" are floats to Python, and no setting means anything by them.
        if not math.isfinite(given) or (minimum is not None and given < minimum):
            raise ValueError(raw)
        if maximum is not None and given > maximum:
            raise ValueError(raw)
        return value

    bounds = [f"at least {minimum}"] if minimum is not None else []
    bounds += [f"at most {maximum}"] if maximum is not None else []
    allowed = " ".join([f"{'an integer' if kind == 'integer' else 'a number'}", " and ".join(bounds)]).strip()
    return _read(name, default, parse, SettingRead(name, kind, str(default), allowed, doc))


def _read(name: str, default: Value, parse: Callable[[str], Value], read: SettingRead) -> Value:
    SETTINGS_READ[name] = read
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        return parse(raw)
    except ValueError:
        _refuse(read, raw)


def _refuse(read: SettingRead, raw: str) -> NoReturn:
    raise ImproperlyConfigured(
        f"The environment variable {read.name} must be {read.allowed}, but it is {raw!r}. "
        f"Correct it, or remove it to use the default ({read.default or 'empty'})."
    ) from None


def _shown(default: str, shown_default: str | None) -> str:
    return default if shown_default is None else shown_default
