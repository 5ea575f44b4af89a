// What is open on top of the page.
class Shell {
  palette = $state(false);
  help = $state(false);
  /** The headset's check. */
  headset = $state(false);
  /** The screen is shared, also between calls. */
  sharing = $state(false);
}

export const shell = new Shell();
