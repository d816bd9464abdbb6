// Tables by keyboard: j and k go from row to row, Enter opens (the row's link has the focus), / searches.
(() => {
  const links = () => [...document.querySelectorAll("[data-rows] tbody th a")];

  const move = (step) => {
    const rows = links();
    if (!rows.length) return;
    const here = rows.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = here < 0 ? 0 : Math.min(Math.max(here + step, 0), rows.length - 1);
    rows[next].focus({ preventScroll: true });
    rows[next].closest("tr").scrollIntoView({ block: "nearest" });
  };

  const search = () => document.querySelector(".filters input[type=search]")?.focus();

  const KEYS = { j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), "/": search };

  document.addEventListener("keydown", (event) => {
    const deed = KEYS[event.key];
    if (!deed || event.ctrlKey || event.metaKey || event.altKey) return;
    const isRow = event.target.closest("[data-rows] tbody");
    if (event.target.closest("input, select, textarea, summary, dialog")) return;
    if (event.key.startsWith("Arrow") && !isRow) return; // elsewhere arrows scroll
    event.preventDefault();
    deed();
  });

  // A usual period and chosen days exclude each other; in the capture phase, so that the form sends what is left.
  document.addEventListener(
    "change",
    ({ target }) => {
      if (target.matches("select[name=period]")) {
        for (const day of target.form.querySelectorAll("input[type=date]")) day.value = "";
      }
    },
    true,
  );

  // A menu of columns closes as menus do.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
