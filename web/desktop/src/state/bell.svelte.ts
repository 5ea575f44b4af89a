import { preferences } from "./preferences.svelte";

// Rings for offers: a sound, a notification of the system and a flashing title.
// Of several tabs only one rings; none of it names the person.
class Bell {
  #context: AudioContext | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #flash: ReturnType<typeof setInterval> | undefined;
  #notification: Notification | undefined;
  #leader = false;
  #title = document.title;

  constructor() {
    if ("locks" in navigator) {
      // Held until the tab closes; another tab then takes over.
      void navigator.locks.request("nubitalk.bell", () => {
        this.#leader = true;
        return new Promise<never>(() => {});
      });
    } else this.#leader = true;
    // Browsers give sound only after a gesture.
    const unlock = () => {
      if (!navigator.userActivation.hasBeenActive) return;
      this.#context ??= new AudioContext();
      void this.#context.resume();
      removeEventListener("pointerdown", unlock);
      removeEventListener("keyup", unlock);
    };
    addEventListener("pointerdown", unlock);
    addEventListener("keyup", unlock);
  }

  /** Asks the system for leave to notify; call it from a press of a button. */
  askLeave(): void {
    if ("Notification" in window && Notification.permission === "default")
      void Notification.requestPermission();
  }

  /** The same for who waits for the answer: whether notices will be shown. */
  async leave(): Promise<boolean> {
    if (!("Notification" in window)) return false;
    return (await Notification.requestPermission()) === "granted";
  }

  set title(title: string) {
    this.#title = title;
    if (!this.#flash) document.title = title;
  }

  /** Rings until `stop`; a call as a telephone does. */
  start(line: string, call = false): void {
    this.stop();
    let on = false;
    this.#flash = setInterval(() => {
      on = !on;
      document.title = on ? line : this.#title;
    }, 1000);
    document.title = line;
    if (!this.#leader) return;
    const ring = () => (call ? this.#phone() : this.#ring());
    ring();
    this.#timer = setInterval(ring, call ? 3000 : 2500);
    this.#notification = this.#notify(line, "nubitalk.offer", true);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearInterval(this.#flash);
    this.#timer = this.#flash = undefined;
    this.#notification?.close();
    this.#notification = undefined;
    document.title = this.#title;
  }

  /** A message came while one looks elsewhere: a soft tick, and a line of the system if the tab is hidden. */
  message(line: string): void {
    if (!this.#leader) return;
    this.#tone(660, 0, 0.08, 0.04);
    this.#notify(line, "nubitalk.message", false);
  }

  /** A threshold was passed: a sound of its own, twice for a critical one, and a notice of the system. */
  alert(line: string, critical: boolean): void {
    if (!this.#leader) return;
    if (preferences.alertSound) {
      for (let i = 0; i < (critical ? 2 : 1); i++) {
        this.#tone(523, i * 0.5, 0.16, 0.12);
        this.#tone(392, i * 0.5 + 0.18, 0.26, 0.12);
      }
    }
    if (preferences.alertNotices) this.#notify(line, "nubitalk.alert", critical);
  }

  #notify(line: string, tag: string, stays: boolean): Notification | undefined {
    if (document.visibilityState !== "hidden" || !("Notification" in window)) return undefined;
    if (Notification.permission !== "granted") return undefined;
    const notification = new Notification(line, { tag, requireInteraction: stays, silent: true });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
    return notification;
  }

  #ring(): void {
    this.#tone(784, 0, 0.22, 0.12);
    this.#tone(988, 0.24, 0.32, 0.12);
  }

  /** Two bursts of a fast warble. */
  #phone(): void {
    for (const burst of [0, 0.7])
      for (let i = 0; i < 8; i++) this.#tone(i % 2 ? 1047 : 1319, burst + i * 0.055, 0.07, 0.12);
  }

  #tone(frequency: number, after: number, seconds: number, volume: number): void {
    const context = this.#context;
    if (!preferences.sound || !context || context.state !== "running") return;
    const from = context.currentTime + after;
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.type = "triangle";
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(volume, from + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + seconds);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(from);
    oscillator.stop(from + seconds);
  }
}

export const bell = new Bell();
