"""Pages in Chromium, each with an empty cache: largest paint, layout shift, bytes, and Plotly once and no more."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

OBSERVE = """
window.paint = 0; window.shift = 0;
const observe = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({type, buffered: true});
observe("largest-contentful-paint", (entry) => { window.paint = entry.startTime; });
observe("layout-shift", (entry) => { if (!entry.hadRecentInput) window.shift += entry.value; });
"""
Found = list[tuple[str, float, str]]


def seen_in_chromium(address: str, shots: Sequence[Any], sessions: Mapping[Any, str]) -> Iterator[tuple[Any, Found]]:
    """Of each page `largest_paint_ms layout_shift transferred_bytes plotly_bytes plotly_again_bytes`."""
    from neuralink_site.management.commands.screenshots import chromium, open_window

    with chromium() as browser:
        for shot in shots:
            window = open_window(browser, address, 1440, "light", sessions[shot.role])
            page = window.new_page()
            page.add_init_script(OBSERVE)
            first = _transferred(window, page, f"{address}{shot.path}")
            paint, shift = page.evaluate("[window.paint, window.shift]")
            again = _transferred(window, page, f"{address}{shot.path}")
            plotly, plotly_again = (sum(n for url, n in seen.items() if "plotly" in url) for seen in (first, again))
            yield (
                shot,
                [
                    ("largest_paint_ms", float(paint), "ms"),
                    ("layout_shift", float(shift), "score"),
                    ("transferred_bytes", float(sum(first.values()) - plotly), "bytes"),
                    ("plotly_bytes", float(plotly), "bytes"),
                    ("plotly_again_bytes", float(plotly_again), "bytes"),
                ],
            )
            window.close()


def _transferred(window: Any, page: Any, url: str) -> dict[str, int]:
    """Bytes on the wire, heads included, by address; what came from the cache is 0."""
    session = window.new_cdp_session(page)
    session.send("Network.enable")
    urls: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on("Network.requestWillBeSent", lambda event: urls.update({event["requestId"]: event["request"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.update({urls.get(event["requestId"], ""): int(event["encodedDataLength"])}),
    )
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every((c) => c.querySelector('svg'))")
    session.detach()
    return sizes
