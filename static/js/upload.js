// Sends the chosen or dropped file in pieces, and goes on where it stopped: after a lost connection by itself,
// after a reload of the page when the same file is chosen again (the server finds it by its name, size and date).
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const part = (name) => form.querySelector(`[data-${name}]`);
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const LONGEST_PAUSE_SECONDS = 30;
  let paused = false;
  let active = false;

  const megabytes = (n) => `${(n / 2 ** 20).toFixed(n < 2 ** 24 ? 1 : 0)} MB`;
  const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

  const say = (text) => {
    part("status").textContent = text;
  };

  const fail = (text) => {
    part("fault").textContent = text;
    part("fault").hidden = !text;
  };

  class Refused extends Error {}

  const ask = async (url, options = {}) => {
    const headers = { "X-CSRFToken": token, Accept: "application/json", ...options.headers };
    const response = await fetch(url, { credentials: "same-origin", ...options, headers });
    const body = options.method === "HEAD" || response.status === 204 ? {} : await response.json();
    if (response.ok) return { body, offset: Number(response.headers.get("Upload-Offset")) };
    if (response.status === 409 && options.method === "PATCH") return { conflict: body.detail };
    if (response.status >= 500 || response.status === 429) throw new Error(body.detail);
    throw new Refused(body.detail);
  };

  const checksum = async (bytes) => {
    if (!window.crypto?.subtle) return {}; // only there on secure origins; TCP's own checksum has to do elsewhere
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return { "Upload-Checksum": `sha256 ${btoa(String.fromCharCode(...digest))}` };
  };

  const announce = (file) =>
    ask(form.dataset.uploads, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        file_name: file.name,
        n_bytes: file.size,
        resume_key: `${file.name.slice(-100)}|${file.size}|${file.lastModified}`,
      }),
    });

  const sendPiece = async (url, file, offset, size) => {
    const bytes = await file.slice(offset, offset + size).arrayBuffer();
    const headers = {
      "Content-Type": "application/offset+octet-stream",
      "Upload-Offset": String(offset),
      ...(await checksum(bytes)),
    };
    const answer = await ask(url, { method: "PATCH", headers, body: bytes });
    if (!answer.conflict) return answer.offset;
    const { offset: there } = await ask(url, { method: "HEAD" });
    if (there === offset) throw new Refused(answer.conflict);
    return there;
  };

  const show = (file, offset, began, from) => {
    const seconds = (performance.now() - began) / 1000;
    const speed = seconds > 1 ? (offset - from) / seconds : 0;
    const left = speed ? ` · ${Math.ceil((file.size - offset) / speed)} s` : "";
    part("progress").value = offset / file.size;
    part("speed").textContent = speed ? `${megabytes(speed)}/s${left}` : "";
    say(`${form.dataset.saysSending}: ${megabytes(offset)} / ${megabytes(file.size)}`);
  };

  const persistently = async (act) => {
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_SECONDS)) {
      try {
        return await act();
      } catch (error) {
        if (error instanceof Refused) throw error;
        say(`${form.dataset.saysWaiting} ${pause} s`);
        await sleep(pause);
      }
    }
  };

  const send = async (file) => {
    const { body: upload } = await persistently(() => announce(file));
    const url = `${form.dataset.uploads}${upload.id}/`;
    const began = performance.now();
    let offset = upload.n_received;
    const from = offset;
    while (offset < file.size) {
      while (paused) await sleep(0.2);
      show(file, offset, began, from);
      if (offset + upload.chunk_bytes >= file.size) say(form.dataset.saysChecking);
      offset = await persistently(() => sendPiece(url, file, offset, upload.chunk_bytes));
    }
    part("progress").value = 1;
    location.assign(form.dataset.page.replace("/0/", `/${upload.id}/`));
  };

  const begin = async (files) => {
    fail("");
    if (files.length !== 1) return fail(form.dataset.saysOne);
    const [file] = files;
    if (active) return undefined;
    if (file.size > Number(form.dataset.mostBytes)) return fail(form.dataset.saysLarge);
    active = true;
    part("name").textContent = file.name;
    part("sending").hidden = false;
    part("pause").hidden = false;
    part("send").disabled = true;
    try {
      await send(file);
    } catch (error) {
      fail(error.message);
      part("sending").hidden = true;
      part("pause").hidden = true;
      part("send").disabled = false;
    }
    active = false;
    return undefined;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.files.length) begin(input.files);
    else input.click();
  });
  input.addEventListener("change", () => {
    if (input.files.length) begin(input.files);
  });
  part("pause").addEventListener("click", () => {
    paused = !paused;
    part("pause").setAttribute("aria-pressed", String(paused));
  });

  const drop = part("drop");
  const mark = (isOver) => drop.classList.toggle("is-over", isOver);
  // On the whole page, or a file that misses the field would replace the page.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) mark(false);
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    if (event.dataTransfer.files.length) begin(event.dataTransfer.files);
  });
  window.addEventListener("beforeunload", (event) => {
    if (active && part("progress").value < 1) event.preventDefault();
  });
})();
