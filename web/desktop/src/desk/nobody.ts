import { text } from "../messages/desk";

/** What work is called whose person has no name. */
export function nobody(work: { channel: string; outgoing?: boolean }): string {
  return text(work.outgoing && work.channel === "email" ? "newEmail" : "visitor");
}
