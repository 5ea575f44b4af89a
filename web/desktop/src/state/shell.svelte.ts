// What is open on top of the page.
class Shell {
  palette = $state(false);
  help = $state(false);
  /** The headset's check. */
  headset = $state(false);
  /** Screens are recorded here: the line about it stays, so that the next call does not move the page. */
  screens = $state(false);
}

export const shell = new Shell();
