/* Receipt check: the file is hashed here in the browser and never sent anywhere. */
"use strict";
(() => {
  const LIMIT = 1024 * 1024 * 1024;
  document.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.matches("[data-check-sha256]") || !input.files.length) return;
    const out = document.getElementById(input.dataset.checkOutput);
    const show = (tone, text) => {
      out.className = `alert tone-${tone}`;
      out.textContent = text;
    };
    const file = input.files[0];
    if (file.size > LIMIT) {
      show("care", "This file is larger than 1 GB, too large for the browser. Use the checksum command below instead.");
      return;
    }
    if (!globalThis.crypto?.subtle) {
      show("care", "This browser calculates checksums only over HTTPS. Use the checksum command below instead.");
      return;
    }
    show("neutral", `Reading ${file.name}…`);
    try {
      const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
      const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
      if (hex === input.dataset.checkSha256.toLowerCase()) {
        show("good", `Match. ${file.name} is byte for byte the file this receipt is about.`);
      } else {
        show("bad", `No match. ${file.name} has the checksum ${hex}. It was changed, or it is another file.`);
      }
    } catch {
      show("bad", "The browser could not read the file. Choose it again, or use the checksum command below.");
    }
  });
})();
