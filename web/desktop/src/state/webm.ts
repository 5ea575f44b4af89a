/** A picture of a film: VP8, when it is shown, in milliseconds since the film's beginning. */
export interface Picture {
  at: number;
  key: boolean;
  data: Uint8Array<ArrayBuffer>;
}

// Elements of WebM (RFC 9559) that hold others, or what is looked for.
const segment = 0x18538067;
const cluster = 0x1f43b675;
const group = 0xa0;
const time = 0xe7;
const simple = 0xa3;
const block = 0xa1;

/**
 * The pictures of a film as browsers record it: one track, no lacing, milliseconds. The server has looked at
 * it closely when it came; what is no film has no pictures.
 */
export function pictures(film: ArrayBuffer): Picture[] {
  const view = new DataView(film);
  const found: Picture[] = [];
  let at = 0; // the cluster's time

  /** A number of one to eight octets, with or without its marker, and where it ends. */
  function number(from: number, value: boolean): [number, number] {
    const first = view.getUint8(from);
    const size = Math.clz32(first) - 23; // how many octets it has
    let n = value ? first & (0xff >> size) : first;
    let unknown = value && n === 0xff >> size;
    for (let i = 1; i < size; i++) {
      const octet = view.getUint8(from + i);
      n = n * 256 + octet;
      unknown &&= octet === 0xff;
    }
    return [unknown ? Infinity : n, from + size];
  }

  function elements(from: number, until: number): void {
    while (from < until) {
      const [id, sized] = number(from, false);
      const [size, begins] = number(sized, true);
      const ends = Math.min(until, begins + size);
      if (id === segment || id === cluster || id === group) {
        elements(begins, ends);
      } else if (id === time) {
        at = 0;
        for (let i = begins; i < ends; i++) at = at * 256 + view.getUint8(i);
      } else if (id === simple || id === block) {
        const [, after] = number(begins, true);
        const data = new Uint8Array(film, after + 3, ends - after - 3);
        // RFC 6386, section 9.1: a picture that stands for itself has its first bit clear.
        found.push({ at: at + view.getInt16(after), key: (data[0]! & 1) === 0, data });
      }
      from = ends;
    }
  }

  try {
    elements(0, film.byteLength);
  } catch {
    return []; // cut short
  }
  return found;
}
