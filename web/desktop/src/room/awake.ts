// A screen on a wall must not go dark (Screen Wake Lock, W3C). The browser takes
// the lock back while the tab is hidden, so it is asked for again when it shows.

/** held: the screen stays on. missing: this browser cannot do it. refused: it will not now, e.g. to save its battery. */
export type Awake = "held" | "missing" | "refused";

/** Keeps the screen on until the returned function is called, and says how that goes. */
export function keepAwake(say: (state: Awake) => void): () => void {
  const locks = "wakeLock" in navigator ? navigator.wakeLock : undefined;
  if (!locks) {
    say("missing");
    return () => {};
  }
  let lock: WakeLockSentinel | undefined;
  let asking = false;
  let over = false;
  const visible = () => document.visibilityState === "visible";

  async function hold(on: WakeLock) {
    if (asking || over || !visible() || (lock && !lock.released)) return;
    asking = true;
    try {
      const held = await on.request("screen");
      if (over) return void held.release();
      lock = held;
      held.addEventListener("release", () => {
        if (!over && visible()) say("refused");
      });
      say("held");
    } catch {
      if (visible()) say("refused");
    } finally {
      asking = false;
    }
  }
  const shown = () => void hold(locks);
  document.addEventListener("visibilitychange", shown);
  shown();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", shown);
    void lock?.release();
  };
}
