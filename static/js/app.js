/* Commonhold in the browser. Everything works without this file; it only makes things quicker. */
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const say = (text) => {
    const live = document.getElementById("live");
    if (live) { live.textContent = ""; setTimeout(() => { live.textContent = text; }, 30); }
  };

  // Theme: the cookie lets the server render the right one at once.
  function switchTheme() {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
    say(dark ? "Light theme" : "Dark theme");
  }

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.classList.add("done");
      say("Copied");
      setTimeout(() => button.classList.remove("done"), 2000);
    } catch {
      say("The browser did not allow copying. Select the text and copy it by hand.");
    }
  }

  // Confirm: data-confirm on a submit button opens the page's one dialog.
  function confirmThen(button) {
    const dialog = document.getElementById("confirm");
    dialog.querySelector("[data-confirm-text]").textContent = button.dataset.confirm;
    const yes = dialog.querySelector("[value=yes]");
    yes.textContent = button.textContent.trim() || "Continue";
    dialog.returnValue = "";
    dialog.onclose = () => {
      if (dialog.returnValue === "yes") {
        button.dataset.confirmed = "1";
        button.form.requestSubmit(button);
      }
    };
    dialog.showModal();
  }

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-theme-switch]")) switchTheme();
    const copier = at("[data-copy]");
    if (copier) copy(copier);
    const toggle = at("[data-nav-toggle]");
    if (toggle) {
      const open = document.getElementById("sidebar").classList.toggle("open");
      toggle.setAttribute("aria-expanded", String(open));
    }
    const asks = at("button[data-confirm]");
    if (asks && !asks.dataset.confirmed) { event.preventDefault(); confirmThen(asks); }
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });

  // One click is one post. Coming back through the browser's history frees the form again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.matches("[data-upload]")) { event.preventDefault(); upload(form); return; }
    if (!form.matches("[hx-post]")) form.dataset.sent = "1";
    event.submitter?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
    document.querySelectorAll("[aria-busy]").forEach((item) => item.removeAttribute("aria-busy"));
  });

  // Upload with progress. On success the server's answer says where to go.
  function upload(form) {
    const area = form.querySelector(".upload-state");
    const bar = area.querySelector("progress");
    const note = area.querySelector("[data-upload-note]");
    const request = new XMLHttpRequest();
    const stop = (text) => {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-busy]").forEach((item) => item.removeAttribute("aria-busy"));
      note.textContent = text;
      say(text);
    };
    form.dataset.sent = "1";
    area.hidden = false;
    request.upload.onprogress = ({ loaded, total }) => {
      bar.max = total; bar.value = loaded;
      note.textContent = loaded < total
        ? `${Math.floor((100 * loaded) / total)} % of ${(total / 1e6).toFixed(1)} MB sent`
        : "Sent. The portal is reading the file.";
    };
    request.onload = () => {
      if (request.status < 400) { location.assign(request.responseURL || form.action); return; }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const fresh = page.querySelector("form[data-upload]");
      if (fresh) { form.replaceWith(document.importNode(fresh, true)); document.querySelector("#error-summary")?.focus(); }
      else stop(`The portal refused the upload (${request.status}). Nothing was saved. Reload the page and try again.`);
    };
    request.onerror = () => stop("The connection was cut and nothing was saved. Check your network, then send the file again.");
    request.open("POST", form.action);
    request.send(new FormData(form));
  }
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const zone = event.target.closest?.(".dropzone");
      if (!zone) return;
      event.preventDefault();
      zone.classList.toggle("over", kind === "dragover");
      const input = zone.querySelector("input[type=file]");
      if (kind === "drop" && event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  }

  // After a failed post the summary of errors gets the focus.
  document.getElementById("error-summary")?.focus();
})();
