import { names } from "../state/names.svelte";
import type { RecordingKnown } from "./recordingRuleSummary";

/** What a rule for recordings names, as the set-up calls it. */
export const knownOfRecording: RecordingKnown = {
  queue: (id) => names.of("queues", id),
  campaign: (id) => names.of("campaigns", id),
  entry: (id) => names.of("entry-points", id),
  text: (id) => names.of("consent-texts", id),
};
