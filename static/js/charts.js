// Draws every <div data-chart="id"> from the figure in <script type="application/json" id="id">.
// Figures name colours as CSS variables ("var(--series-1)"), so that one figure serves both themes.
(() => {
  const CONFIG = { displayModeBar: false, responsive: true, locale: document.documentElement.lang };

  const NARROW_PIXELS = 480;
  const NARROW_NAME = 18;

  const withColours = (value, style) => {
    if (typeof value === "string") {
      const name = /^var\((--[\w-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    }
    if (Array.isArray(value)) return value.map((part) => withColours(part, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withColours(part, style)]));
    }
    return value;
  };

  // On a phone the names beside bars would take the room of the bars.
  const narrowed = (figure) => {
    const names = figure.data.find((trace) => trace.orientation === "h")?.y;
    if (!names) return;
    const cut = (name) => (name.length > NARROW_NAME ? `${name.slice(0, NARROW_NAME - 1)}…` : name);
    Object.assign(figure.layout.yaxis, { tickmode: "array", tickvals: names, ticktext: names.map(cut) });
    Object.assign(figure.layout.xaxis, { nticks: 4, tickangle: 0 });
    Object.assign(figure.layout.legend, { x: 1, xanchor: "right" });
  };

  const draw = (canvas) => {
    const source = document.getElementById(canvas.dataset.chart);
    if (!source || !window.Plotly) return;
    const style = getComputedStyle(document.documentElement);
    const figure = withColours(JSON.parse(source.textContent), style);
    figure.layout.font = { ...figure.layout.font, family: getComputedStyle(document.body).fontFamily };
    if (canvas.clientWidth < NARROW_PIXELS) narrowed(figure);
    window.Plotly.react(canvas, figure.data, figure.layout, CONFIG);
  };

  const drawWithin = (root) => {
    if (root.matches?.("[data-chart]")) draw(root);
    for (const canvas of root.querySelectorAll("[data-chart]")) draw(canvas);
  };

  drawWithin(document);
  document.addEventListener("themechange", () => drawWithin(document));
  document.addEventListener("htmx:load", (event) => drawWithin(event.detail.elt));
})();
