// The worklist by keyboard, and how many are ticked.
(() => {
  const form = document.querySelector("[data-worklist]");
  if (!form) return;
  const boxes = [...form.querySelectorAll("input[name=enrolment]")];
  const all = form.querySelector("[data-tick-all]");
  const told = form.querySelector("[data-n-ticked]");

  const count = () => {
    const n = boxes.filter((box) => box.checked).length;
    told.textContent = n ? `${n} / ${boxes.length}` : "";
    all.checked = n === boxes.length;
    all.indeterminate = n > 0 && n < boxes.length;
  };

  const here = () => boxes.indexOf(document.activeElement?.closest("tr")?.querySelector("input[name=enrolment]"));

  const move = (step) => {
    const next = Math.min(Math.max(here() + step, 0), boxes.length - 1);
    boxes[next].focus();
    boxes[next].closest("tr").scrollIntoView({ block: "nearest" });
  };

  const tick = () => {
    const place = here();
    if (place < 0) return;
    boxes[place].checked = !boxes[place].checked;
    count();
  };

  // A key without anybody ticked means the row that is in focus.
  const press = (key) => {
    const button = form.querySelector(`[data-key="${key}"]`);
    if (!button) return;
    if (!boxes.some((box) => box.checked)) tick();
    button.click();
  };

  const open = () => {
    const place = here();
    if (place >= 0) boxes[place].closest("tr").querySelector("a").click();
  };

  const KEYS = { j: () => move(1), k: () => move(-1), x: tick, Enter: open, m: () => press("m"), e: () => press("e"), s: () => press("s") };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target;
    const isTicking = boxes.includes(at);
    if (!isTicking && at.closest("input, select, textarea, button, a, summary")) return;
    const deed = KEYS[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    count();
  });
  form.addEventListener("change", count);
  count();
})();
