/* Small helps on top of pages that work without script. */
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector) => document.querySelectorAll(selector);
  const say = (text) => {
    const live = document.getElementById("live");
    if (live) { live.textContent = ""; setTimeout(() => { live.textContent = text; }, 30); }
  };

  // The cookie lets the server write the right theme into the next page.
  function switchTheme() {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax`;
    say(dark ? "Light theme" : "Dark theme");
  }

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      const before = button.textContent;
      button.textContent = "Copied";
      say("Copied");
      setTimeout(() => { button.textContent = before; }, 2000);
    } catch {
      say("The browser did not allow copying. Select the text and copy it by hand.");
    }
  }

  // data-confirm on a submit button opens the page's one dialog first.
  function confirmThen(button) {
    const dialog = document.getElementById("confirm");
    dialog.querySelector("[data-confirm-text]").textContent = button.dataset.confirm;
    dialog.querySelector("[value=yes]").textContent = button.textContent.trim();
    dialog.returnValue = "";
    dialog.onclose = () => {
      if (dialog.returnValue !== "yes") { button.focus(); return; }
      button.dataset.confirmed = "1";
      button.form.requestSubmit(button);
    };
    dialog.showModal();
  }

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-theme-toggle]")) switchTheme();
    if (at("[data-print]")) window.print();
    if (at("[data-copy]")) copy(at("[data-copy]"));
    const menu = at("[data-menu]");
    if (menu) menu.setAttribute("aria-expanded", String(document.getElementById("side").classList.toggle("open")));
    const checker = at("[data-check-all]");
    if (checker) all(checker.dataset.checkAll).forEach((box) => { if (!box.disabled) box.checked = true; });
    const clearer = at("[data-check-none]");
    if (clearer) all(clearer.dataset.checkNone).forEach((box) => { box.checked = false; });
    const asks = at("button[data-confirm]");
    if (asks && !asks.dataset.confirmed) { event.preventDefault(); confirmThen(asks); }
    all("details.menu[open]").forEach((open) => { if (!open.contains(event.target)) open.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  });

  // A form is sent once. It is free again if the page is shown again from the history.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.dataset.upload !== undefined) { event.preventDefault(); upload(form); return; }
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    form.dataset.sent = "1";
    event.submitter?.setAttribute("aria-busy", "true");
    // The answer to these is a file: the page stays, and may be asked again.
    if (form.dataset.download !== undefined) setTimeout(free, 4000);
  });
  function free() {
    all("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
    all("[aria-busy]").forEach((item) => item.removeAttribute("aria-busy"));
  }
  addEventListener("pageshow", free);

  // Upload with progress. The server answers 201 with a Location, redirects, or sends the page with errors.
  function upload(form) {
    const bar = form.querySelector("progress");
    const note = form.querySelector("[data-upload-note]");
    const button = form.querySelector("button[type=submit], button:not([type])");
    const request = new XMLHttpRequest();
    const failed = (text) => {
      note.textContent = text; note.className = "note bad"; button.disabled = false; bar.hidden = true; say(text);
    };
    button.disabled = true; bar.hidden = false; bar.max = 100; bar.value = 0;
    note.className = "small muted"; note.textContent = "Uploading…";
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => {
      if (!lengthComputable) return;
      bar.value = Math.round((100 * loaded) / total);
      note.textContent = bar.value < 100
        ? `${bar.value} % of ${(total / 1e6).toFixed(1)} MB sent` : "Sent. The portal is reading the file…";
    };
    request.onload = () => {
      const location = request.getResponseHeader("Location");
      if (request.status === 201 && location) { window.location.assign(location); return; }
      if (request.status < 400 && request.responseURL !== form.action) { window.location.assign(request.responseURL); return; }
      const html = (request.getResponseHeader("Content-Type") || "").includes("html");
      const main = html && request.status < 500
        && new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
      if (!main) { failed("The portal could not keep the file. Nothing was changed; try again."); return; }
      document.querySelector("main").replaceWith(document.importNode(main, true));
      document.querySelector("[data-summary]")?.focus();
    };
    request.onerror = () => failed("The connection was cut. Nothing was kept; check the network and send the file again.");
    request.open("POST", form.action);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.send(new FormData(form));
  }
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const zone = event.target.closest?.(".drop");
      if (!zone) return;
      event.preventDefault();
      zone.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) {
        zone.querySelector("input[type=file]").files = event.dataTransfer.files;
      }
    });
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.submit();
  });
  // A part of the page that could not be fetched says so once, and takes it back when the next one arrives.
  function silent(failed) {
    const note = document.getElementById("no-answer");
    if (!failed) { note?.remove(); return; }
    if (note) return;
    const text = "The portal did not answer. What you typed is still here; try again in a moment.";
    const made = Object.assign(document.createElement("div"), { id: "no-answer", className: "note bad sticky", textContent: text });
    document.querySelector("main").append(made);
    say(text);
  }
  document.addEventListener("htmx:sendError", () => silent(true));
  document.addEventListener("htmx:responseError", ({ detail }) => { if (detail.xhr.status >= 500) silent(true); });
  document.addEventListener("htmx:afterRequest", ({ detail }) => { if (detail.successful) silent(false); });
  document.querySelector("[data-summary]:not(.sample *)")?.focus();
})();
