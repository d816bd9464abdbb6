// Menu on small screens, theme switch, questions before what cannot be undone.
(() => {
  const root = document.documentElement;
  const systemDark = matchMedia("(prefers-color-scheme: dark)");

  const theme = () => root.dataset.theme || (systemDark.matches ? "dark" : "light");

  const announceTheme = () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.setAttribute("aria-pressed", String(theme() === "dark"));
    }
    document.dispatchEvent(new CustomEvent("themechange", { detail: theme() }));
  };

  const switchTheme = () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // Not kept then; it still holds for this page.
    }
    announceTheme();
  };

  const toggleMenu = (button) => {
    const isOpen = document.querySelector(".side").classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(isOpen));
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-switch], [data-menu]");
    if (!button) return;
    if (button.matches("[data-menu]")) toggleMenu(button);
    else switchTheme();
  });

  document.addEventListener("keydown", (event) => {
    const side = document.querySelector(".side.is-open");
    if (event.key !== "Escape" || !side) return;
    const button = side.querySelector("[data-menu]");
    toggleMenu(button);
    button.focus();
  });

  // The theme chosen in the settings is that of every browser; what this one kept would hide it.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-appearance]")) return;
    try {
      localStorage.removeItem("theme");
    } catch {
      // Nothing was kept.
    }
  });

  // <form data-confirm="Really?">, <button data-confirm="Really?"> and <select data-submits>: behaviour without inline handlers.
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  // Where the settings' navigation is one row, the page that is shown may stand beyond its edge.
  document.querySelector(".settings-nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

  // Paper is white: what was chosen for the screen waits meanwhile, and charts are drawn for it.
  let onScreen;
  const showIn = (chosen) => {
    if (chosen) root.dataset.theme = chosen;
    else delete root.dataset.theme;
    announceTheme();
  };
  addEventListener("beforeprint", () => {
    onScreen = root.dataset.theme;
    showIn("light");
  });
  addEventListener("afterprint", () => showIn(onScreen));

  systemDark.addEventListener("change", announceTheme);
  announceTheme();
})();
