// A part of the page that was not brought says so and can be asked for again, instead of shimmering for ever.
(() => {
  const say = (name) => document.body.dataset[name];

  const again = (place) => {
    const url = place.getAttribute("hx-get");
    const swap = place.getAttribute("hx-swap") || "innerHTML";
    window.htmx.ajax("GET", url, { source: place, target: place, swap });
  };

  const notice = (place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--small";
    button.textContent = say("saysAgain");
    button.addEventListener("click", () => again(place));
    const text = document.createElement("p");
    text.className = "notice notice--bad row";
    text.setAttribute("role", "alert");
    text.append(say("saysFailed"), button);
    return text;
  };

  const fail = (event) => {
    const place = event.detail.elt;
    if (!place.matches("[hx-get][hx-trigger='load']")) return;
    place.classList.remove("skeleton", "skeleton--line");
    place.replaceChildren(notice(place));
  };

  document.addEventListener("htmx:responseError", fail);
  document.addEventListener("htmx:sendError", fail);
  document.addEventListener("htmx:timeout", fail);
})();
