import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { looks, Stage, until } from "./stage";
import { hears, hearsSomething } from "./tone";

// An agent hands a caller over to a flow, for good.

const CALLER = 625;
const AGENT = 1250;

const stage = new Stage();
const api = () => ({
  at: `${stage.program.base}/api/v1`,
  headers: { "Content-Type": "application/json", Origin: stage.program.base },
});
const both = (words: string) => ({ en: words, pt: words });

beforeAll(async () => {
  await stage.open();
  const { at, headers } = api();
  const { page } = await stage.agent("administrator");
  const queues = (await (await page.request.get(`${at}/queues`)).json()) as {
    items: { id: string; name: string }[];
  };
  const billing = queues.items.find((queue) => queue.name === "Billing")!.id;
  const graph = {
    start: "ask",
    nodes: {
      ask: {
        type: "ask",
        into: "wants",
        text: both("Shall somebody else help you?"),
        options: [
          { value: "yes", label: both("Somebody else"), next: "queue" },
          { value: "no", label: both("No, thank you"), next: "bye" },
        ],
      },
      queue: { type: "queue", queue: billing },
      bye: { type: "close", text: both("Goodbye.") },
    },
  };
  const made = await page.request.post(`${at}/flows`, { headers, data: { name: "After the call", graph } });
  expect(made.status()).toBe(201);
  await stage.sweep();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test(
  "the administrator marks a flow, and an agent transfers a caller into it",
  { timeout: 900_000 },
  async () => {
    const { page: office } = await stage.agent("administrator");
    await office.goto(`${stage.program.base}/app/setup/flows`);
    await office.getByRole("link", { name: "After the call" }).click();
    await office.getByRole("checkbox", { name: "Agents may transfer to it" }).check();
    const found = await looks(office, "toflow-01-mark");
    await office.keyboard.press("Control+s");
    await office.getByText("“After the call” is saved.").waitFor();
    await office.getByRole("button", { name: "Publish", exact: true }).click();
    await office.getByText("What is drawn is what runs.").waitFor();

    const agent = await stage.agent("a7", {}, AGENT);
    const { page } = agent;
    const caller = await stage.caller(CALLER);
    await caller.queue("Wood sandpiper");
    await agent.ready();
    await agent.answer("Wood sandpiper");
    await hears(page, CALLER);
    await hears(caller.page, AGENT);

    await page.keyboard.press("Alt+t");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("searchbox").fill("After");
    await dialog.getByRole("radio", { name: /^After the call/ }).check();
    await dialog.getByText("The person goes into this flow").waitFor();
    found.push(...(await looks(page, "toflow-02-dialog")));
    await dialog.getByRole("button", { name: "Transfer" }).click();
    await page.getByText("Transferred to After the call.").waitFor();
    await page.locator("section.middle.empty").waitFor();
    await agent.presence.filter({ hasText: "Ready" }).waitFor();

    // The caller hears the flow, and no agent; a key leads it on, here to the same queue.
    await caller.captions.getByText("Shall somebody else help you?").waitFor();
    await hearsSomething(caller.page);
    await caller.choose("Somebody else");
    await agent.answer("Wood sandpiper");
    await hears(page, CALLER);
    await hears(caller.page, AGENT);

    // Into it once more, and to its end.
    await page.getByText("Transferred to After the call.").waitFor({ state: "detached" });
    await agent.transfer("After the call", "Wants to hear the end.");
    await caller.captions.getByText("Shall somebody else help you?").nth(1).waitFor();
    await caller.choose("No, thank you");
    await caller.stands("The call has ended");
    await until(() => page.getByRole("region", { name: "My work" }).getByRole("listitem").count()).toBe(0);
    await agent.state("Offline");
    expect(found).toEqual([]);
  },
);
