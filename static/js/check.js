/* Check a file against a receipt. The receipt is sent to the portal to be judged; the file is read here and stays here. */
"use strict";
(() => {
  const megabytes = (bytes) => (bytes < 1e5 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`);

  class Check {
    constructor(card) {
      Object.assign(this, { card, bar: card.querySelector("progress"), out: card.querySelector("[data-check-file]"), digest: null, expected: null });
      if (card.dataset.sha256) this.expected = { sha256: card.dataset.sha256 };
      this.receipt = card.querySelector("[data-check-receipt]");
      card.querySelector("input[name=receipt]")?.addEventListener("change", ({ target }) => { if (target.files[0]) this.judge(target.files[0]); });
      card.querySelector("input[data-file]").addEventListener("change", ({ target }) => { if (target.files[0]) this.hash(target.files[0]); });
      card.addEventListener("dragover", (event) => { event.preventDefault(); card.classList.add("over"); });
      card.addEventListener("dragleave", () => card.classList.remove("over"));
      card.addEventListener("drop", (event) => { event.preventDefault(); card.classList.remove("over"); this.take([...event.dataTransfer.files]); });
    }

    // Two files dropped together: the receipt is the one that reads as one.
    async take(files) {
      for (const file of files) {
        const small = file.size < 2e6 && /json/i.test(file.name + file.type);
        if (this.receipt && small && (await file.text()).includes("commonhold-receipt/")) await this.judge(file);
        else this.hash(file);
      }
    }

    async judge(file) {
      const body = new FormData();
      body.append("receipt", file);
      try {
        const answer = await fetch(this.card.dataset.address, { method: "POST", body, headers: { "X-Fragment": "1" }, credentials: "omit" });
        if (!answer.ok) throw new Error(String(answer.status));
        this.receipt.innerHTML = await answer.text();
      } catch {
        this.receipt.textContent = "The portal did not answer. Try again in a moment, or use verify.py, which needs no portal.";
      }
      const note = this.receipt.querySelector("[data-tone]");
      this.expected = note?.dataset.sha256 ? { sha256: note.dataset.sha256, bytes: Number(note.dataset.bytes) } : null;
      this.good = note?.dataset.tone === "good";
      this.compare();
    }

    hash(file) {
      this.worker?.terminate();
      this.digest = null;
      this.file = file;
      this.bar.hidden = false;
      this.bar.max = file.size || 1;
      this.bar.value = 0;
      this.show("", `Reading ${file.name} (${megabytes(file.size)}) on this computer…`);
      this.worker = new Worker(this.card.dataset.worker);
      this.worker.onmessage = ({ data }) => {
        if (data.read) { this.bar.value = data.read; return; }
        this.bar.hidden = true;
        this.worker.terminate();
        if (data.failed) { this.show("bad", "The browser could not read the file. Choose it again, or use the command below."); return; }
        this.digest = data.done;
        this.compare();
      };
      this.worker.onerror = () => this.show("bad", "The browser could not start the reader. Use the command below.");
      this.worker.postMessage(file);
    }

    compare() {
      if (!this.digest) return;
      const name = this.file.name;
      if (!this.expected) {
        this.show("care", this.receipt?.textContent.trim()
          ? `${name} was read, but there is no good receipt of a file to compare it with. Its SHA-256 is ${this.digest}.`
          : `${name} was read. Now choose the receipt. Its SHA-256 is ${this.digest}.`);
      } else if (this.digest === this.expected.sha256) this.show("good", `This is the file: ${name} is, byte for byte, what the receipt says.`);
      else this.show("bad", `This is not the file. The SHA-256 of ${name} is ${this.digest}; the receipt says ${this.expected.sha256}.`);
    }

    show(tone, text) { this.out.className = `note ${tone}`; this.out.hidden = false; this.out.textContent = text; }
  }
  document.querySelectorAll("[data-check]").forEach((card) => new Check(card));
})();
