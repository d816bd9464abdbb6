"""What the environment may say, and the sentence when it says something else."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from neuralink_site import env


@pytest.fixture(autouse=True)
def _own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "SETTINGS_READ", {})


def test_an_absent_and_an_empty_variable_mean_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.integer("N_X", 7) == 7
    monkeypatch.setenv("N_X", "  ")
    assert env.integer("N_X", 7) == 7
    assert env.text("N_X", "a") == "a"
    assert env.words("N_X", ["a", "b"]) == ["a", "b"]


def test_values_are_read_by_type(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {"I": "12", "F": "0.5", "T": "yes", "C": "b", "W": "a, b,,c", "P": str(tmp_path)}.items():
        monkeypatch.setenv(f"N_{name}", value)
    assert env.integer("N_I", 1) == 12
    assert env.number("N_F", 1.0) == 0.5
    assert env.boolean("N_T", False) is True
    assert env.choice("N_C", "a", ["a", "b"]) == "b"
    assert env.words("N_W") == ["a", "b", "c"]
    assert env.path("N_P", Path("/")) == tmp_path.resolve()


@pytest.mark.parametrize("raw", ["0", "x", "1.5", "101", "nan"])
def test_a_wrong_integer_is_told_with_name_value_and_what_is_allowed(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    monkeypatch.setenv("N_LEASE", raw)
    with pytest.raises(ImproperlyConfigured) as caught:
        env.integer("N_LEASE", 15, minimum=1, maximum=100)
    assert str(caught.value) == (
        f"The environment variable N_LEASE must be an integer at least 1 and at most 100, but it is {raw!r}. "
        "Correct it, or remove it to use the default (15)."
    )


@pytest.mark.parametrize("raw", ["nan", "inf", "-1"])
def test_numbers_are_finite_and_bounded(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    monkeypatch.setenv("N_SHARE", raw)
    with pytest.raises(ImproperlyConfigured, match="a number at least 0"):
        env.number("N_SHARE", 0.5, minimum=0)


def test_a_wrong_boolean_or_choice_lists_the_right_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("N_X", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="1, true, yes, on or 0, false, no, off"):
        env.boolean("N_X", False)
    with pytest.raises(ImproperlyConfigured, match="fast or slow"):
        env.choice("N_X", "fast", ["fast", "slow"])


def test_every_reading_is_entered_for_the_documentation() -> None:
    env.integer("N_A", 15, minimum=1, doc="seconds of a lease")
    env.text("N_B", shown_default="random", doc="a secret")
    assert env.SETTINGS_READ["N_A"] == env.SettingRead(
        "N_A", "integer", "15", "an integer at least 1", "seconds of a lease"
    )
    assert env.SETTINGS_READ["N_B"].default == "random"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 25, "", "", False, False)),
        ("smtp+tls://ada:p%40ss@mail.example.org", ("mail.example.org", 587, "ada", "p@ss", True, False)),
        ("smtps://mail.example.org:4650", ("mail.example.org", 4650, "", "", False, True)),
    ],
)
def test_a_mail_server_is_one_address(monkeypatch: pytest.MonkeyPatch, raw: str, expected: tuple[object, ...]) -> None:
    monkeypatch.setenv("N_MAIL", raw)
    found = env.mail_server("N_MAIL")
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    assert tuple(found[f"EMAIL_{name}"] for name in names) == expected


@pytest.mark.parametrize("raw", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://host:mail"])
def test_a_wrong_mail_server_is_refused(monkeypatch: pytest.MonkeyPatch, raw: str) -> None:
    monkeypatch.setenv("N_MAIL", raw)
    with pytest.raises(ImproperlyConfigured, match="smtp://, smtp\\+tls:// or smtps://"):
        env.mail_server("N_MAIL")


def test_mails_may_go_to_the_console_or_by_default_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.mail_server("N_MAIL") == {}
    monkeypatch.setenv("N_MAIL", "console:")
    assert str(env.mail_server("N_MAIL")["EMAIL_BACKEND"]).endswith("console.EmailBackend")
