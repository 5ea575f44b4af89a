import { mount, unmount } from "svelte";
import ConfirmDialog from "./ConfirmDialog.svelte";

/** Asks who this is once more, whatever page is shown; false if it is left. */
export function prove(): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (proven: boolean) => {
      void unmount(dialog);
      resolve(proven);
    };
    const dialog = mount(ConfirmDialog, {
      target: document.body,
      props: { onclose: () => end(false), ondone: () => end(true) },
    });
  });
}
