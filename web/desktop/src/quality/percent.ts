import { decimal } from "$ui/i18n.svelte";
import { text } from "../messages/quality";

/** A score of hundredths of a percent, as people read it; a dash for none. */
export const percent = (score: number) => (score < 0 ? text("noScore") : `${decimal(score / 100, 1)}\u00a0%`);
