import { save } from "../files";
import type { Session } from "../session";

/** Saves the words of the conversation on the visitor's device. */
export async function download(s: Session): Promise<void> {
  const blob = await s.transcript();
  if (blob) save(blob, `chat-${new Date().toISOString().slice(0, 10)}.txt`);
}
