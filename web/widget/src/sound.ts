let context: AudioContext | undefined;

/** A short soft tone. With several tabs open only one of them is heard. */
export function chime(): void {
  const play = () => {
    try {
      context ??= new AudioContext();
      const tone = context.createOscillator();
      const volume = context.createGain();
      const now = context.currentTime;
      tone.frequency.value = 660;
      volume.gain.setValueAtTime(0.08, now);
      volume.gain.exponentialRampToValueAtTime(0.0001, now + 0.35);
      tone.connect(volume).connect(context.destination);
      tone.start();
      tone.stop(now + 0.35);
    } catch {
      // No audio device, or the browser wants a click first.
    }
  };
  if (!navigator.locks) return play();
  void navigator.locks.request("nubitalk.chime", { ifAvailable: true }, (lock) => {
    if (!lock) return;
    play();
    return new Promise((done) => setTimeout(done, 1000));
  });
}
