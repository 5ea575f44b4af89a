import { api, take, Problem } from "../api/client";
import { text } from "../messages/factors";

/** The browser can, and the address has a name: a number cannot hold passkeys. */
export function passkeysPossible(): boolean {
  return (
    "PublicKeyCredential" in window &&
    "parseRequestOptionsFromJSON" in PublicKeyCredential &&
    !/^[\d.]+$|:/.test(location.hostname)
  );
}

// What the browser says when somebody closes its question is not for a person.
async function asked(question: Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const answer = await question;
    if (answer instanceof PublicKeyCredential) return answer;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  throw new Problem(422, "invalid", text("passkeyLeft"));
}

/** Lets the browser show a passkey of this service. */
export async function showPasskey(): Promise<{ state: string; credential: unknown }> {
  const { options, state } = await take(api.POST("/api/v1/sign-in/passkey/begin"));
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as PublicKeyCredentialRequestOptionsJSON,
  );
  return { state, credential: (await asked(navigator.credentials.get({ publicKey }))).toJSON() };
}

/** Lets the browser make one, and adds it to the account. */
export async function makePasskey(name: string) {
  const { options, state } = await take(api.POST("/api/v1/me/factors/passkey/begin"));
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as PublicKeyCredentialCreationOptionsJSON,
  );
  const credential = (await asked(navigator.credentials.create({ publicKey }))).toJSON();
  return take(api.POST("/api/v1/me/factors/passkey", { body: { state, credential, name } }));
}
