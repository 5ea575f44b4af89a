import { catalogue } from "$ui/i18n.svelte";

// When what waits is to be answered.
export const text = catalogue({ dueBy: "due by {time}" }, { dueBy: "responder até {time}" });
