import { toasts } from "$ui/toast.svelte";
import { asProblem, fetchFile } from "../api/client";
import { saveFile } from "./save";

/**
 * Saves what a link to somebody's file leads to. It is fetched first, so that a refusal (the file is harmful, or cannot
 * be looked into now) is told in words, and not by the browser's list of downloads.
 */
export async function saveFrom(event: MouseEvent & { currentTarget: HTMLAnchorElement }): Promise<void> {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const { href, download } = event.currentTarget;
  try {
    saveFile(await fetchFile(new URL(href).pathname), download);
  } catch (error) {
    toasts.problem(asProblem(error).message);
  }
}
