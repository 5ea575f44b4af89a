// Sound at another speed and the same pitch (WSOLA): frames of 30 ms are laid half over each other where
// they fit best, within 10 ms of where they belong. All channels are cut at the same places.

const overlap = 120; // samples at 8 kHz: half a frame
const reach = 80; // how far from its place a frame may come

/** Channels at rate times their speed; they begin and end with their own first and last sample. */
export function stretch(channels: readonly Float32Array[], rate: number): Float32Array[] {
  const n = channels[0]?.length ?? 0;
  if (rate === 1 || n < 8 * overlap) return channels.map((c) => c.slice());
  const mix = new Float32Array(n);
  for (const c of channels) for (let i = 0; i < n; i++) mix[i]! += c[i]!;
  const parts = Math.max(2, Math.round(n / rate / overlap));
  const out = channels.map((c) => {
    const o = new Float32Array(parts * overlap);
    o.set(c.subarray(0, overlap));
    return o;
  });
  let at = 0; // where the frame before was taken
  for (let k = 1; k < parts; k++) {
    const goesOn = Math.min(at + overlap, n - overlap);
    const last = k === parts - 1;
    const place = last ? n - overlap : best(mix, goesOn, Math.round((k * (n - overlap)) / (parts - 1)));
    channels.forEach((c, ch) => {
      const o = out[ch]!;
      for (let i = 0; i < overlap; i++) {
        const into = i / overlap;
        o[k * overlap + i] = c[goesOn + i]! * (1 - into) + c[place + i]! * into;
      }
      if (last) o[o.length - 1] = c[n - 1]!;
    });
    at = place;
  }
  return out;
}

// Where near a place the sound is most like what would go on.
function best(mix: Float32Array, goesOn: number, place: number): number {
  const first = Math.max(0, place - reach);
  const end = Math.min(mix.length - 2 * overlap, place + reach);
  let found = Math.max(0, Math.min(place, mix.length - overlap));
  let most = -Infinity;
  for (let p = first; p <= end; p++) {
    let like = 0;
    let power = 1e-9;
    for (let i = 0; i < overlap; i += 2) {
      const v = mix[p + i]!;
      like += v * mix[goesOn + i]!;
      power += v * v;
    }
    const fit = like / Math.sqrt(power);
    if (fit > most) {
      most = fit;
      found = p;
    }
  }
  return found;
}
