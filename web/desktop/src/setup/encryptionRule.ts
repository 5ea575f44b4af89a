import { session } from "../state/session.svelte";

/** The operator lets nothing pass unencrypted. */
export const encryptedOnly = (): boolean =>
  session.me?.encryption === "required" || session.me?.encryption === "strong";

/** The operator allows nothing older than AES-GCM and SHA-256 either. */
export const strongOnly = (): boolean => session.me?.encryption === "strong";
