// The two lists of the explorer beside each other: on which activities they agree, and where each stands beside.
(() => {
  const ranksOf = (list) =>
    new Map([...list.querySelectorAll("[data-activity]")].map((row) => [row.dataset.activity, row.dataset.rank]));

  const mark = (list, others) => {
    for (const row of list.querySelectorAll("[data-activity]")) {
      const badge = row.querySelector("[data-beside]");
      const rank = others.get(row.dataset.activity);
      badge.textContent = rank ? badge.dataset.says.replace("%n", rank) : badge.dataset.alone;
      badge.classList.toggle("badge--ok", Boolean(rank));
      badge.hidden = false;
    }
  };

  document.addEventListener("htmx:afterSettle", () => {
    const lists = [...document.querySelectorAll("[data-explorer]")];
    if (lists.length !== 2 || lists.some((list) => list.querySelector(".skeleton"))) return;
    const [left, right] = lists.map(ranksOf);
    mark(lists[0], right);
    mark(lists[1], left);
    const told = document.querySelector("[data-agreement]");
    const n = [...left.keys()].filter((key) => right.has(key)).length;
    if (told && left.size) told.textContent = told.dataset.says.replace("%n", n).replace("%all", left.size);
  });
})();
