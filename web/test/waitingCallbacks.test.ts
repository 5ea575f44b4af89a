import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort, Softphone } from "./softphone";
import { looks, shot, Stage, until } from "./stage";

// A caller on a real telephone asks to be called back, and the room shows and ends that.

let udp = "";
const stage = new Stage();
beforeAll(async () => {
  udp = `udp://127.0.0.1:${await freePort()}`;
  stage.program.sip = udp;
  await stage.open();
  await telephone();
  await stage.sweep();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** A number whose flow promises to call back. */
async function telephone(): Promise<void> {
  const { page } = await stage.agent("administrator");
  const at = `${stage.program.base}/api/v1`;
  const headers = { "Content-Type": "application/json", Origin: stage.program.base };
  const get = async <T>(path: string) => (await (await page.request.get(`${at}/${path}`)).json()) as T;
  const make = async (path: string, data: unknown) => {
    const made = (await (await page.request.post(`${at}/${path}`, { headers, data })).json()) as {
      id: string;
    };
    expect(made.id, JSON.stringify(made)).toBeTruthy();
    return made.id;
  };
  type Named = { items: { id: string; name: string }[] };
  const queue = (await get<Named>("queues")).items[0]!.id;
  const graph = {
    start: "back",
    nodes: {
      back: { type: "callback", queue, text: { en: "We call you." }, failed: "end" },
      end: { type: "close" },
    },
  };
  const flow = await make("flows", { name: "Call back", graph });
  const shop = (await get<Named>("entry-points")).items.find((e) => e.name === "Shop telephone")!;
  const own = await get<Record<string, unknown>>(`entry-points/${shop.id}`);
  for (const k of ["id", "version", "created_at", "updated_at", "position", "archived_at", "archived"])
    delete own[k];
  const entry = await make("entry-points", {
    ...own,
    name: "Back",
    flow,
    languages: ["en"],
    consent_text: "",
  });
  await make("trunks", {
    name: "Exchange",
    enabled: true,
    country: "PT",
    sources: ["127.0.0.1"],
    gateways: [{ host: "127.0.0.1", port: await freePort(), transport: "udp" }],
    outgoing: { allowed: true },
    numbers: [{ number: "210000001", entry_point: entry }],
  });
}

test("the room shows who waits to be called back, and cancels it", async () => {
  const caller = new Softphone(625);
  try {
    await caller.call("210000001", udp);
    await until(() => caller.said).toMatch(/terminated|closed/i);
  } finally {
    await caller.hangUp();
    caller.remove();
  }
  const { page } = await stage.agent("supervisor", { viewport: { width: 1280, height: 900 } });
  await page.goto(`${stage.program.base}/app/room`);
  const list = page.getByRole("region", { name: "To be called back" });
  await list.getByText("0 of 3").waitFor();
  await list.getByText("in its turn").waitFor();
  const found = await looks(page, "callbacks-01-room");
  await list.getByRole("button", { name: "Cancel" }).press("Enter");
  await shot(page, "callbacks-02-sure");
  await list.getByRole("button", { name: "Call back no more" }).press("Enter");
  await page.getByText("This person is called back no more.").waitFor();
  await list.waitFor({ state: "detached" });
  expect(found).toEqual([]);
});
