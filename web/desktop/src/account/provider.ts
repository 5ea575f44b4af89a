import { session } from "../state/session.svelte";

// The way to the organisation's own provider and back. The page that a provider sends the
// browser back to tells the others of this browser how it went.

interface Told {
  problem?: string;
}

const channel = () => new BroadcastChannel("nubitalk.sign-in");

/** Says to the other pages that somebody signed in, or why not. */
export function tell(told: Told): void {
  const pages = channel();
  pages.postMessage(told);
  pages.close();
}

/**
 * Leaves for the provider's page. Over work that is open it is another window, and this
 * ends when somebody signed in there; with `again` who it is is proved anew.
 */
export async function leave(organisation: string, how: { over: boolean; again?: boolean }): Promise<void> {
  if (!how.over) {
    location.assign(await session.beginProvider(organisation, how.again));
    return;
  }
  // Opened at once: a browser lets only a press open a window.
  const page = open("", "_blank");
  const pages = channel();
  try {
    const back = new Promise<void>((done, failed) => {
      pages.onmessage = ({ data }: MessageEvent<Told>) =>
        data.problem === undefined ? done() : failed(new Error(data.problem));
    });
    back.catch(() => undefined); // it is waited for below
    const address = await session.beginProvider(organisation, how.again);
    if (page) {
      page.opener = null;
      page.location.href = address;
    } else location.assign(address);
    await back;
    await session.enter();
  } catch (error) {
    page?.close();
    throw error;
  } finally {
    pages.close();
  }
}
