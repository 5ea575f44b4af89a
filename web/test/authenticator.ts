import { createHmac } from "node:crypto";
import type { Locator } from "playwright-core";

const period = 30_000;

/** The step of 30 seconds that it is now (RFC 6238, 4.2). */
export const stepNow = () => Math.floor(Date.now() / period);

/** What an authenticator app shows in a step (RFC 6238). */
export function code(secret: string, step: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Waits until a step has begun that is later than one, or now's has so many milliseconds left. */
async function stepWith(left: number, after: number): Promise<number> {
  while (stepNow() <= after || period - (Date.now() % period) < left)
    await new Promise((go) => setTimeout(go, 50));
  return stepNow();
}

/**
 * Types what an app shows now, which is taken in its own step alone, and sends it, until it is
 * taken: a slow page may bring it when the step is over. Answers with the step that was taken,
 * and types none that is not later than after.
 */
export async function typeCode(
  secret: string,
  field: Locator,
  send: () => Promise<void>,
  done: Locator,
  after = 0,
): Promise<number> {
  const page = field.page();
  const ended = page.getByText(/has just ended/);
  for (let step = await stepWith(5_000, after); ; step = await stepWith(5_000, step)) {
    await field.fill(code(secret, step));
    const answer = page.waitForResponse((r) => /factors\/totp$|sign-in\/second$/.test(r.url()));
    await send();
    if ((await answer).ok()) {
      await done.waitFor();
      return step;
    }
    await ended.waitFor();
  }
}
