/* The recipe builder under a keyboard: after a click swaps the steps, the focus is where the hand expects it. */
"use strict";
(() => {
  let clicked = "";
  const recipe = () => document.getElementById("recipe");
  const button = (value) => recipe().querySelector(`button[name="do"][value="${value}"]:not(:disabled)`);
  const control = (index) => recipe().querySelectorAll("fieldset.step")[index]?.querySelector("input:not([type=hidden]), select");

  /* Where to go after each kind of click; the first that is there wins. */
  function places(word, index) {
    const count = recipe().querySelectorAll("fieldset.step").length;
    if (word === "add") return [control(count - 1), document.getElementById("add")];
    if (word === "double") return [control(index + 1)];
    if (word === "up") return [button(`up:${index - 1}`), button(`down:${index - 1}`)];
    if (word === "down") return [button(`down:${index + 1}`), button(`up:${index + 1}`)];
    if (word === "remove") return [button(`remove:${Math.min(index, count - 1)}`), document.getElementById("add")];
    return [button(clicked)];
  }

  document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
    clicked = elt.name === "do" ? elt.value : "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!clicked || !recipe() || document.activeElement !== document.body) return;
    const [word, index] = clicked.split(":");
    (places(word, Number(index)).find(Boolean) || recipe()).focus();
    clicked = "";
  });
  // What is wrong is told beside a field while one writes; the field says the same to everyone.
  document.addEventListener("htmx:oobAfterSwap", ({ detail: { target } }) => {
    const field = target.id.endsWith("-e") && document.getElementById(target.id.slice(0, -2));
    if (!field) return;
    if (target.textContent.trim()) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  });
})();
