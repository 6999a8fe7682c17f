/* SHA-256 (FIPS 180-4) of a file of any size, piece by piece, beside the page: the browser's own digest wants it whole. */
"use strict";
(() => {
  const PIECE = 4 * 1024 * 1024;
  // The fractional parts of the cube roots of the first 64 primes, and of the square roots of the first eight.
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (x) => Math.floor((x - Math.floor(x)) * 2 ** 32) | 0;
  const K = Int32Array.from(primes, (p) => fraction(Math.cbrt(p)));
  const H = Int32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p)));
  const W = new Int32Array(64);

  function blocks(h, bytes, from, to) {
    for (let at = from; at < to; at += 64) {
      for (let i = 0, p = at; i < 16; i += 1, p += 4) W[i] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
      for (let i = 16; i < 64; i += 1) {
        const x = W[i - 15], y = W[i - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
      }
      let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
      for (let i = 0; i < 64; i += 1) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (k + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        k = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
      }
      h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += k;
    }
  }

  async function hash(file, progress) {
    const state = H.slice();
    // Pieces are multiples of a block, so only the last leaves a rest.
    let rest = new Uint8Array(0);
    for (let at = 0; at < file.size; at += PIECE) {
      const bytes = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
      const whole = bytes.length - (bytes.length % 64);
      blocks(state, bytes, 0, whole);
      rest = bytes.subarray(whole);
      progress(Math.min(at + PIECE, file.size));
    }
    const tail = new Uint8Array(rest.length < 56 ? 64 : 128);
    tail.set(rest);
    tail[rest.length] = 0x80;
    const bits = new DataView(tail.buffer);
    bits.setUint32(tail.length - 8, Math.floor(file.size / 2 ** 29));
    bits.setUint32(tail.length - 4, (file.size << 3) >>> 0);
    blocks(state, tail, 0, tail.length);
    return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  globalThis.onmessage = async ({ data }) => {
    try {
      postMessage({ done: await hash(data, (read) => postMessage({ read })) });
    } catch (problem) {
      postMessage({ failed: String(problem) });
    }
  };
})();
