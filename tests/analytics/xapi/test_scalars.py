"""Strings with a meaning, good and bad ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analytics.xapi import scalars
from analytics.xapi.errors import InvalidValue

GOOD = {
    scalars.check_iri: ["https://example.com/a?b#c", "urn:isbn:0451450523", "act:x", "http://例え.jp/ä", "a:%2F"],
    scalars.check_uuid: ["7ccd3322-e1a5-411a-a67d-6a735c76f119", "7CCD3322-E1A5-411A-A67D-6A735C76F119"],
    scalars.check_timestamp: [
        "2026-05-18T09:30:00Z",
        "2026-05-18t09:30:00.5z",
        "2026-05-18T09:30:00.123456789+05:30",
        "2026-05-18T09:30:00,5-0800",
        "20260518T093000Z",
        "2026-05-18T09:30:00",
    ],
    scalars.check_duration: ["P3Y1M29DT4H35M59.14S", "PT16559.14S", "P4W", "P0.5Y", "PT0S", "P1DT0.5H"],
    scalars.check_language_tag: ["en", "en-US", "zh-Hant-TW", "de-CH-1996", "x-ours", "i-klingon", "es-419", "und"],
    scalars.check_mailto: ["mailto:a@b.example"],
    scalars.check_media_type: ["image/png", "application/vnd.a+json; charset=utf-8"],
}
BAD = {
    scalars.check_iri: ["", "example.com", "http://a b", "ab=c://x", "http://<x>", "http:", "a:%2", "//x.example/a", 1],
    scalars.check_uuid: [
        "",
        "{7ccd3322-e1a5-411a-a67d-6a735c76f119}",
        "7ccd3322e1a5411aa67d6a735c76f119",
        None,
        "g" * 36,
    ],
    scalars.check_timestamp: [
        "01/011/2015",
        "2026-05-18",
        "2026-05-18 09:30:00",
        "2026-02-30T00:00:00Z",
        "2026-05-18T09:30:00-00",
        "2026-05-18T09:30:00-00:00",
        "2026-05-18T09:30:00-0000",
        "0001-01-01T00:00:00+05:00",
        5,
    ],
    scalars.check_duration: ["", "P", "PT", "P4W1D", "P1DT", "PA1H", "1H", "P1.5YT1H", "PT1H2", 3],
    scalars.check_language_tag: ["", "a", "en_US", "en-", "x", "toolonglanguage", "e n"],
    scalars.check_mailto: ["a@b.example", "mailto:a", "mailto:a@b@c", "http://a@b"],
    scalars.check_media_type: ["png", "image/", "/png", "image/p g"],
}


@pytest.mark.parametrize(("check", "value"), [(check, value) for check, values in GOOD.items() for value in values])
def test_good(check, value):
    check(value)


@pytest.mark.parametrize(("check", "value"), [(check, value) for check, values in BAD.items() for value in values])
def test_bad(check, value):
    with pytest.raises(InvalidValue) as caught:
        check(value)
    assert repr(value)[:40] in str(caught.value)


def test_instants_are_kept_in_utc_and_named_to_the_microsecond():
    at = scalars.parse_timestamp("2026-05-18T09:30:00.123456+05:30")
    assert at == datetime(2026, 5, 18, 4, 0, 0, 123456, tzinfo=UTC)
    assert scalars.format_instant(at) == "2026-05-18T04:00:00.123456Z"
    assert scalars.parse_timestamp("2026-05-18T09:30:00").tzinfo is UTC


def test_language_maps():
    scalars.check_language_map({"en": "a", "de-CH": "b"})
    for wrong in ({"en_US": "a"}, {"en": 1}, [], "a"):
        with pytest.raises(InvalidValue):
            scalars.check_language_map(wrong)
