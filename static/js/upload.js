/* Files in pieces: resumable, checked, two at a time. Without this script the form sends its file as it always did. */
"use strict";
(() => {
  const AT_ONCE = 2;
  // As the portal's pages count them.
  const megabytes = (bytes) => (bytes / 1048576).toFixed(1);
  const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });
  class Refused extends Error {}

  function left(seconds) {
    if (!Number.isFinite(seconds)) return "";
    if (seconds < 90) return `, about ${Math.ceil(seconds)} s left`;
    return seconds < 5400 ? `, about ${Math.ceil(seconds / 60)} min left` : `, about ${(seconds / 3600).toFixed(1)} h left`;
  }

  async function hash(blob) {
    if (!globalThis.crypto?.subtle) return null;
    const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // What is remembered is only a convenience: a browser that keeps nothing starts again.
  const memory = {
    read(key) { try { return localStorage.getItem(key); } catch { return null; } },
    write(key, value) { try { localStorage.setItem(key, value); } catch { /* not kept */ } },
    forget(key) { try { localStorage.removeItem(key); } catch { /* not kept */ } },
  };

  class Sending {
    constructor(form, file) {
      Object.assign(this, { form, file, base: form.dataset.pieces, paused: false, cuts: 0 });
      this.key = `upload:${file.name}:${file.size}:${file.lastModified}`;
      this.token = form.querySelector("[name=csrfmiddlewaretoken]").value;
      this.bar = form.querySelector("progress");
      this.note = form.querySelector("[data-upload-note]");
      this.pauser = form.querySelector("[data-upload-pause]");
      this.submit = form.querySelector("button[type=submit], button:not([type])");
      this.pauser.querySelector("button").onclick = () => this.pause();
    }

    say(text, bad = false) { this.note.textContent = text; this.note.className = bad ? "note bad" : "small muted"; }

    pause() {
      this.paused = !this.paused;
      this.pauser.querySelector("button").textContent = this.paused ? "Resume" : "Pause";
      if (this.paused) this.say(`Paused at ${megabytes(this.sent)} of ${megabytes(this.file.size)} MB.`);
      else { this.begun = Date.now(); this.already = this.sent; this.wake?.(); }
    }

    // One request; a cut connection or a busy server is tried again after a growing pause, a refusal is not.
    async ask(address, options = {}) {
      for (let tries = 0; ; tries += 1) {
        let answer = null;
        try {
          answer = await fetch(address, { credentials: "same-origin", ...options, headers: { "X-CSRFToken": this.token, ...options.headers } });
        } catch { /* cut */ }
        const json = (answer?.headers.get("Content-Type") || "").includes("json") && !answer.redirected;
        let body = null;
        try { body = json ? await answer.json() : null; } catch { answer = null; }
        if (answer?.ok && body) return body;
        const again = !answer || answer.status >= 500 || answer.status === 400 || body?.code === "chunk.checksum";
        if (!again || (body?.code === "chunk.checksum" && tries > 4)) {
          const gone = new Refused(body?.title || "The portal did not take the file. Sign in again and send it once more.");
          gone.status = answer.status;
          throw gone;
        }
        const pause = Math.min(30, 2 ** tries);
        this.cuts += 1;
        this.say(`The connection was cut at ${megabytes(this.sent)} MB. Trying again in ${pause} s; nothing is lost.`);
        await wait(pause * 1000);
      }
    }

    async start() {
      this.sent = 0;
      const known = memory.read(this.key);
      if (known) {
        try {
          const found = await this.ask(`${this.base}${known}/`);
          if (["open", "checking", "complete"].includes(found.state)) return found;
        } catch (problem) { if (!(problem instanceof Refused)) throw problem; }
        memory.forget(this.key);
      }
      const made = await this.ask(this.base, { method: "POST", body: new URLSearchParams({ name: this.file.name, size: this.file.size }) });
      memory.write(this.key, made.id);
      return made;
    }

    progress() {
      const rate = (this.sent - this.already) / ((Date.now() - this.begun) / 1000);
      this.bar.value = Math.floor((100 * this.sent) / this.file.size);
      if (this.paused) { this.say(`Paused at ${megabytes(this.sent)} of ${megabytes(this.file.size)} MB.`); return; }
      this.say(`${this.bar.value} %: ${megabytes(this.sent)} of ${megabytes(this.file.size)} MB sent${left((this.file.size - this.sent) / rate)}`);
    }

    async send(upload) {
      const here = new Set(upload.received);
      const todo = Array.from({ length: upload.chunks }, (_, index) => index).filter((index) => !here.has(index));
      const part = (index) => this.file.slice(index * upload.chunk_bytes, Math.min(this.file.size, (index + 1) * upload.chunk_bytes));
      this.sent = [...here].reduce((sum, index) => sum + part(index).size, 0);
      this.already = this.sent;
      this.begun = Date.now();
      const worker = async () => {
        while (todo.length && !this.failed) {
          while (this.paused) await wait(200);
          const index = todo.shift();
          if (index === undefined) return;
          const blob = part(index);
          const sum = await hash(blob);
          const headers = { "Content-Type": "application/octet-stream", ...(sum && { "X-Chunk-SHA256": sum }) };
          try {
            await this.ask(`${this.base}${upload.id}/chunks/${index}/`, { method: "PUT", body: blob, headers });
          } catch (problem) { this.failed = true; throw problem; }
          this.sent += blob.size;
          this.progress();
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    }

    async run() {
      this.submit.disabled = true; this.bar.hidden = false; this.pauser.hidden = false; this.bar.value = 0;
      this.say("Starting…");
      try {
        let upload = await this.start();
        if (upload.state === "open") {
          await this.send(upload);
          this.pauser.hidden = true;
          this.say("Sent. The portal is checking the file…");
          upload = await this.ask(`${this.base}${upload.id}/complete/`, { method: "POST" });
        }
        for (let pause = 500; upload.state === "checking"; pause = Math.min(5000, pause * 1.5)) {
          this.pauser.hidden = true;
          this.say("Sent. A worker makes the checksum of the whole file; a large one takes a minute.");
          await wait(pause);
          upload = await this.ask(`${this.base}${upload.id}/`);
        }
        if (upload.state !== "complete") throw new Refused("The upload was discarded meanwhile. Choose the file again.");
        this.form.querySelector("[name=upload]").value = upload.id;
        this.form.querySelector("input[type=file]").disabled = true;
        memory.forget(this.key);
        this.form.dataset.leaving = "1";
        this.form.submit();
      } catch (problem) {
        this.submit.disabled = false; this.bar.hidden = true; this.pauser.hidden = true;
        this.say(problem instanceof Refused ? problem.message : "The browser could not read the file. Choose it again.", true);
      }
    }
  }

  // In the capture phase, before the general handler of forms.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.pieces === undefined) return;
    const file = form.querySelector("input[type=file]")?.files[0];
    event.stopImmediatePropagation();
    if (form.dataset.sending) { event.preventDefault(); return; }
    if (!file || file.size === 0) { form.dataset.sent = "1"; return; }
    event.preventDefault();
    form.dataset.sending = "1";
    new Sending(form, file).run().finally(() => { delete form.dataset.sending; });
  }, true);
  // Going away while a file is on its way is asked about once; what has arrived stays either way.
  addEventListener("beforeunload", (event) => {
    if (document.querySelector("form[data-sending]:not([data-leaving])")) event.preventDefault();
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-leaving]").forEach((form) => { delete form.dataset.leaving; });
    document.querySelectorAll("form[data-pieces] input[type=file]").forEach((input) => { input.disabled = false; });
  });
})();
