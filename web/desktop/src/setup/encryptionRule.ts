import { text as phones } from "../messages/phones";
import { text as trunks } from "../messages/trunks";
import { session } from "../state/session.svelte";

/** The operator lets nothing pass unencrypted. */
export const encryptedOnly = (): boolean =>
  session.me?.encryption === "required" || session.me?.encryption === "strong";

/** The operator allows nothing older than AES-GCM and SHA-256 either. */
export const strongOnly = (): boolean => session.me?.encryption === "strong";

/** Fields of a trunk or phone that the operator's rule does not allow, as their forms call them. */
export function named(fields: readonly string[], text: typeof trunks | typeof phones): string {
  const gateway = /^gateways\[(\d+)\]/;
  const names = fields.map((field) => {
    const number = gateway.exec(field)?.[1];
    if (number) return `${trunks("gateway", { number: Number(number) + 1 })}, ${trunks("transport")}`;
    if (field.startsWith("srtp")) return trunks("suites");
    return field === "allow_md5" ? text("md5") : text("encryption");
  });
  return [...new Set(names)].join("; ");
}
