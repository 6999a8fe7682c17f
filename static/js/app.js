/* Small helps on top of pages that work without script. */
(function () {
  "use strict";
  var root = document.documentElement;
  function say(text) { var live = document.getElementById("live"); if (live) { live.textContent = text; } }

  document.addEventListener("click", function (event) {
    var target = event.target.closest("[data-theme-toggle],[data-menu],[data-copy],[data-check-all]");
    if (!target) { return; }
    if (target.hasAttribute("data-theme-toggle")) {
      var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      document.cookie = "theme=" + root.dataset.theme + ";path=/;max-age=31536000;samesite=lax";
    } else if (target.hasAttribute("data-menu")) {
      var side = document.getElementById("side"); var open = side.classList.toggle("open");
      target.setAttribute("aria-expanded", open);
    } else if (target.hasAttribute("data-check-all")) {
      document.querySelectorAll(target.dataset.checkAll).forEach(function (box) { if (!box.disabled) { box.checked = true; } });
    } else {
      navigator.clipboard.writeText(target.dataset.copy).then(function () { say("Copied"); target.textContent = "Copied"; });
    }
  });

  /* A form is sent once. The button comes back if the page is shown again. */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.dataset.upload !== undefined && window.FormData) { event.preventDefault(); upload(form); return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.method === "post" && !form.hasAttribute("hx-post")) { form.dataset.sent = "1"; }
  });
  window.addEventListener("pageshow", function () { document.querySelectorAll("form[data-sent]").forEach(function (f) { delete f.dataset.sent; }); });

  function upload(form) {
    var bar = form.querySelector("progress"), note = form.querySelector("[data-upload-note]"), button = form.querySelector("button[type=submit]");
    var request = new XMLHttpRequest();
    function failed(text) { note.textContent = text; note.className = "note bad"; button.disabled = false; bar.hidden = true; say(text); }
    button.disabled = true; bar.hidden = false; bar.value = 0; note.className = "small muted"; note.textContent = "Uploading…";
    request.upload.addEventListener("progress", function (e) {
      if (!e.lengthComputable) { return; }
      var percent = Math.round(100 * e.loaded / e.total); bar.value = percent;
      note.textContent = percent < 100 ? "Uploading: " + percent + " %" : "Uploaded. The portal keeps the file…";
    });
    request.addEventListener("load", function () {
      if (request.status === 201) { location.href = request.getResponseHeader("Location"); return; }
      if (request.getResponseHeader("Content-Type").indexOf("html") > -1 && request.status < 500) {
        var page = new DOMParser().parseFromString(request.responseText, "text/html");
        document.querySelector("main").replaceWith(page.querySelector("main"));
        var wrong = document.querySelector("[data-summary]"); if (wrong) { wrong.focus(); } return;
      }
      failed("The portal could not keep the file. Nothing was changed; try again.");
    });
    request.addEventListener("error", function () { failed("The connection was cut. Nothing was kept; check the network and try again."); });
    request.open("POST", form.action || location.href);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.send(new FormData(form));
  }

  /* Receipt page: the file is hashed here and never leaves this computer. */
  var check = document.querySelector("[data-hash-check]");
  if (check) {
    check.addEventListener("change", function () {
      var out = document.getElementById("hash-answer"), file = check.files[0];
      if (!file) { return; }
      if (file.size > 1500 * 1024 * 1024) { out.className = "note care"; out.textContent = "This file is too large for the browser; use the command below."; return; }
      out.className = "note"; out.textContent = "Reading " + file.name + "…";
      file.arrayBuffer().then(function (b) { return crypto.subtle.digest("SHA-256", b); }).then(function (d) {
        var hex = Array.from(new Uint8Array(d)).map(function (x) { return x.toString(16).padStart(2, "0"); }).join("");
        var same = hex === check.dataset.hashCheck;
        out.className = "note " + (same ? "good" : "bad");
        out.textContent = same ? "This is the file: its SHA-256 is the one on the receipt." : "This is not the file. Its SHA-256 is " + hex + ".";
        say(out.textContent);
      });
    });
  }
  var summary = document.querySelector("[data-summary]"); if (summary) { summary.focus(); }
  document.querySelectorAll("[data-submit-on-change]").forEach(function (s) { s.addEventListener("change", function () { s.form.submit(); }); });
})();
