import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Agent } from "./agent";
import { axe, shot, Stage, until } from "./stage";

// What breaks in a working day: reloads, two tabs, no network, a restart. The
// same work comes back, nothing twice, nothing missing.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** A visitor and the only ready agent, in conversation. */
async function talking(name: string, user: string) {
  const agent = await stage.agent(user);
  const visitor = await stage.visitor();
  await visitor.queue(name);
  await agent.ready();
  await agent.accept(name);
  await visitor.say("First word");
  await agent.message("First word").waitFor();
  await agent.say("Second word");
  await visitor.bubble("Second word").waitFor();
  return { agent, visitor };
}

test("reloading either page brings the same conversation back, nothing doubled", async () => {
  const { agent, visitor } = await talking("Sandpiper", "a7");
  await until(() => agent.log.getByText(/sending/).count()).toBe(0);
  const before = await agent.messages();
  expect(before.filter((m) => m === "First word" || m === "Second word")).toEqual([
    "First word",
    "Second word",
  ]);
  const [seen, title] = [await visitor.bubbles(), await agent.page.title()];

  await agent.page.reload();
  await agent.message("Second word").waitFor();
  await until(() => agent.messages()).toEqual(before);
  await until(() => agent.work.getByRole("link").count()).toBe(1);
  await until(() => agent.page.title()).toBe(title);

  // Another page of the shop, then a reload: the conversation goes along.
  await visitor.page.getByRole("link", { name: "Our workshop" }).first().click();
  await visitor.page.waitForURL(/story/);
  await visitor.bubble("Second word").waitFor();
  await until(() => visitor.bubbles()).toEqual(seen);
  await visitor.page.reload();
  await visitor.bubble("Second word").waitFor();
  await until(() => visitor.bubbles()).toEqual(seen);

  await visitor.say("Third word");
  await agent.message("Third word").waitFor();
  await agent.say("Fourth word");
  await visitor.bubble("Fourth word").waitFor();
  await agent.leave();
});

test("two tabs of an agent show the same", async () => {
  const { agent, visitor } = await talking("Dunlin", "d4");
  const second = await stage.tab(agent);
  await second.work.getByText("Dunlin").click();
  await second.message("Second word").waitFor();

  await second.say("From the second tab");
  await agent.message("From the second tab").waitFor();
  await visitor.bubble("From the second tab").waitFor();
  await visitor.say("Thanks");
  for (const tab of [agent, second]) {
    await tab.message("Thanks").waitFor();
    await until(async () => (await tab.messages()).filter((m) => m === "From the second tab").length).toBe(1);
  }
  await agent.leave();
  await until(() => second.work.getByText("Dunlin").count()).toBe(0);
});

test("without network both go on writing, and everything arrives once", async () => {
  const { agent, visitor } = await talking("Whimbrel", "e5");

  await visitor.page.context().setOffline(true);
  await visitor.page.getByText("No connection. What you write is sent when it is back.").waitFor();
  await visitor.say("Written in a tunnel");
  await agent.say("Are you still there?");
  await visitor.page.context().setOffline(false);
  await agent.message("Written in a tunnel").waitFor();
  await visitor.bubble("Are you still there?").waitFor();

  const header = () => agent.page.getByRole("button", { name: "Transfer" }).boundingBox();
  const before = await header();
  await agent.page.context().setOffline(true);
  await agent.page.getByText("No connection. You can go on reading and writing").waitFor();
  expect(await header()).toEqual(before); // what is pressed as it comes or goes is not missed
  expect(await axe(agent.page)).toEqual([]);
  await agent.say("Written in a lift");
  await agent.log.getByText("waits for the connection").waitFor();
  await shot(agent.page, "robust-offline-agent");
  const wide = agent.page.viewportSize()!;
  await agent.page.setViewportSize({ width: 400, height: 800 });
  await shot(agent.page, "robust-offline-agent-narrow");
  await agent.page.setViewportSize(wide);
  await visitor.say("Yes, I am");
  await agent.page.context().setOffline(false);
  await visitor.bubble("Written in a lift").waitFor();
  await agent.message("Yes, I am").waitFor();

  const [left, right] = [await agent.messages(), await visitor.bubbles()];
  for (const words of ["Written in a tunnel", "Are you still there?", "Written in a lift", "Yes, I am"]) {
    expect(left.filter((m) => m === words)).toEqual([words]);
    expect(right.filter((m) => m === words)).toEqual([words]);
  }
  stage.forgive(/ERR_INTERNET_DISCONNECTED|WebSocket connection/);
  await agent.leave();
});

test("a restart of the server: both come back, what was written meanwhile arrives once", async () => {
  const { agent, visitor } = await talking("Turnstone", "a7");

  await stage.program.stop();
  await agent.page.getByText(/The server restarts|No connection/).waitFor();
  await visitor.page.getByText("No connection. What you write is sent when it is back.").waitFor();
  await visitor.say("Written while it was down");
  await shot(visitor.page, "robust-restart-visitor");
  await shot(agent.page, "robust-restart-agent");
  await stage.program.start();

  await agent.message("Written while it was down").waitFor();
  await agent.say("Here again");
  await visitor.bubble("Here again").waitFor();
  await shot(agent.page, "robust-restart-back");
  const [left, right] = [await agent.messages(), await visitor.bubbles()];
  for (const words of ["First word", "Second word", "Written while it was down", "Here again"]) {
    expect(left.filter((m) => m === words)).toEqual([words]);
    expect(right.filter((m) => m === words)).toEqual([words]);
  }
  stage.forgive(
    /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|WebSocket connection|status of 503/,
  );
  await agent.leave();
});

test("an offer that is made while the desk is being fetched is shown", async () => {
  const agent = await stage.agent("a7");
  await agent.ready();
  const page = await agent.page.context().newPage();
  let answerNow = () => {};
  const held = new Promise<void>((free) => (answerNow = free));
  let seen = () => {};
  const asked = new Promise<void>((now) => (seen = now));
  await page.route(
    "**/api/v1/desk",
    async (route) => {
      const response = await route.fetch();
      seen();
      await held;
      await route.fulfill({ response });
    },
    { times: 1 },
  );
  let ended = 0;
  const told = new Promise<void>((heard) => {
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        if (String(payload).includes('"offer.made"')) heard();
        if (String(payload).includes('"offer.ended"')) ended++;
      }),
    );
  });
  await page.goto(`${stage.program.base}/app/`);
  await asked;
  const visitor = await stage.visitor();
  await visitor.queue("Dunlin");
  await told;
  answerNow();
  await page.getByRole("group", { name: "Queues" }).waitFor(); // it is taken
  await new Agent(page, "a7").offers.filter({ hasText: "Dunlin" }).waitFor();
  expect(ended).toBe(0); // this one, and not the next after it was not seen
});
