// Draws every <div data-chart="id"> from the figure in <script type="application/json" id="id">.
// Figures name colours as CSS variables ("var(--series-1)"), so that one figure serves both themes.
(() => {
  const LANGUAGE = document.documentElement.lang;
  // A name of its own: registered as plain "en" it would take from Plotly what it does not say itself.
  const LOCALE = `${LANGUAGE}-own`;
  const CONFIG = { displayModeBar: false, responsive: true, locale: LOCALE };

  // Plotly knows American English only; the browser knows how every language names months and days and writes numbers.
  const teachLanguage = () => {
    const named = (options, dates) => dates.map((date) => new Intl.DateTimeFormat(LANGUAGE, { timeZone: "UTC", ...options }).format(date));
    const months = Array.from({ length: 12 }, (_, month) => new Date(Date.UTC(2023, month, 1)));
    const days = Array.from({ length: 7 }, (_, day) => new Date(Date.UTC(2023, 0, day + 1))); // the first is a Sunday
    const parts = new Intl.NumberFormat(LANGUAGE).formatToParts(12345.6);
    const sign = (type) => parts.find((part) => part.type === type)?.value ?? "";
    window.Plotly.register({
      moduleType: "locale",
      name: LOCALE,
      dictionary: {},
      format: {
        days: named({ weekday: "long" }, days),
        shortDays: named({ weekday: "short" }, days),
        months: named({ month: "long" }, months),
        shortMonths: named({ month: "short" }, months),
        decimal: sign("decimal"),
        thousands: sign("group"),
        date: LANGUAGE.startsWith("zh") ? "%Y年%-m月%-d日" : "%d %b %Y",
        year: "%Y",
        month: LANGUAGE.startsWith("zh") ? "%Y年%b" : "%b %Y",
        dayMonth: LANGUAGE.startsWith("zh") ? "%b%-d日" : "%-d %b",
        dayMonthYear: LANGUAGE.startsWith("zh") ? "%Y年%-m月%-d日" : "%-d %b %Y",
      },
    });
  };

  const NARROW_PIXELS = 480;
  const NARROW_LINE = 20; // letters of a name beside a bar
  const LINE_PIXELS = 15;

  // A name in two lines, broken between words where there are some; Plotly takes <br> and little else for markup.
  const inTwoLines = (name) => {
    const most = /[\u2e80-\uffff]/.test(name) ? NARROW_LINE / 2 : NARROW_LINE; // Chinese letters are twice as wide
    if (name.length <= most) return name;
    const space = name.lastIndexOf(" ", most);
    const place = space > most / 3 ? space : Math.floor(most);
    const rest = name.slice(place).trim();
    return `${name.slice(0, place)}<br>${rest.length > most ? `${rest.slice(0, most - 1)}…` : rest}`;
  };

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

  // On a phone names beside bars, and at the ends of lines, would take the room of what they name.
  const narrowed = (figure) => {
    const { layout } = figure;
    if (layout.annotations?.some((each) => each.name === "direct")) {
      layout.annotations = layout.annotations.filter((each) => each.name !== "direct");
      Object.assign(layout, { showlegend: true, margin: { ...layout.margin, r: 8 } });
    }
    if (layout.xaxis?.dtick) layout.xaxis.dtick *= 2;
    const names = figure.data.find((trace) => trace.orientation === "h")?.y;
    if (!names) return;
    const written = names.map(inTwoLines);
    Object.assign(layout.yaxis, { tickmode: "array", tickvals: names, ticktext: written });
    const least = written.some((name) => name.includes("<br>")) ? 2.2 * LINE_PIXELS : 0;
    if (layout.height) layout.height = Math.max(layout.height, least * names.length + 80);
    Object.assign(layout.xaxis, { nticks: 4, tickangle: 0 });
    Object.assign(layout.legend, { x: 1, xanchor: "right" });
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

  if (window.Plotly) teachLanguage();
  drawWithin(document);
  document.addEventListener("themechange", () => drawWithin(document));
  document.addEventListener("htmx:load", (event) => drawWithin(event.detail.elt));
})();
