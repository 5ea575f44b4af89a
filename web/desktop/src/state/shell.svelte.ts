// What is open on top of the page.
class Shell {
  palette = $state(false);
  help = $state(false);
}

export const shell = new Shell();
