// Ctrl-K: a combobox over learners, courses, boards and pages. Without scripts its link leads to the page /find/.
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog?.showModal) return;
  const field = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const status = dialog.querySelector("[role=status]");
  const WAIT_MILLISECONDS = 120;
  let waiting = 0;
  let asked = null;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");

  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
  };

  const row = (each, number) => {
    const option = document.createElement("li");
    Object.assign(option, { id: `palette-${number}`, role: "option" });
    option.setAttribute("aria-selected", "false");
    option.dataset.url = each.url;
    for (const [name, text] of [["label", each.label], ["detail", each.detail], ["group", each.group]]) {
      const part = document.createElement("span");
      part.className = `palette-${name}`;
      part.textContent = text;
      option.append(part);
    }
    return option;
  };

  const show = (found) => {
    list.replaceChildren(...found.map(row));
    field.setAttribute("aria-expanded", String(found.length > 0));
    status.textContent = found.length ? `${dialog.dataset.count} ${found.length}` : dialog.dataset.nothing;
    dialog.classList.toggle("is-empty", !found.length);
    choose(options()[0]);
  };

  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    const mine = asked;
    try {
      const url = `${dialog.dataset.url}?q=${encodeURIComponent(field.value)}`;
      const answer = await fetch(url, { signal: mine.signal, headers: { Accept: "application/json" } });
      if (answer.ok) show((await answer.json()).found);
    } catch (error) {
      if (error.name !== "AbortError") status.textContent = dialog.dataset.nothing;
    }
  };

  const open = () => {
    if (dialog.open) return;
    dialog.showModal();
    field.select();
    ask();
  };

  const step = (by) => {
    const all = options();
    if (all.length) choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
  };

  const go = (option, isAside) => {
    if (!option) return;
    if (isAside) window.open(option.dataset.url, "_blank", "noopener");
    else window.location.assign(option.dataset.url);
  };

  const KEYS = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: (event) => go(chosen(), event.ctrlKey || event.metaKey),
  };

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-find]");
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      open();
    }
    if (event.target === dialog) dialog.close();
  });
  field.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.isComposing) return;
    event.preventDefault();
    KEYS[event.key](event);
  });
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, WAIT_MILLISECONDS);
  });
  list.addEventListener("click", (event) => go(event.target.closest("[role=option]"), event.ctrlKey || event.metaKey));
})();
