import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Agent } from "./agent";
import { shot, Stage, until } from "./stage";

// A session that ends by itself: the page lets go of all that it held.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const ended = /^Your session has ended/;

/** All that a page and its browser hold of the desk, as text. */
async function held(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const places = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
    for (const { name } of await indexedDB.databases()) places.push(`database ${name}`);
    for (const name of await caches.keys()) places.push(`cache ${name}`);
    const fields = [...document.querySelectorAll("input, textarea")].map(
      (f) => (f as HTMLInputElement).value,
    );
    return [location.href, document.title, document.documentElement.outerHTML, ...fields, ...places].join(
      "\n",
    );
  });
}

/** Ends a user's sessions from another place. */
async function revoke(of: Agent): Promise<void> {
  const me = (await (await of.page.request.get(`${stage.program.base}/api/v1/me`)).json()) as {
    user: { id: string };
  };
  const boss = await stage.agent("administrator");
  const answer = await boss.page.request.delete(`${stage.program.base}/api/v1/users/${me.user.id}/sessions`, {
    headers: { Origin: stage.program.base },
  });
  expect(answer.status()).toBe(204);
}

test("a session that is ended elsewhere leaves nothing of it behind, and who comes next sees nothing", async () => {
  const visitor = await stage.visitor();
  await visitor.queue("Whimbrel");
  const agent = await stage.agent("a7");
  await agent.ready();
  await agent.accept("Whimbrel");
  await visitor.say("My parcel 4471 is late");
  await agent.message("My parcel 4471 is late").waitFor();
  await agent.box.fill("It waits at the depot");
  const { page } = agent;
  const place = new URL(page.url()).pathname;
  // What lives as long as the page itself.
  await page.evaluate(() => Object.assign(window, { before: true }));
  await revoke(agent);
  await page.getByText(ended).waitFor();
  await shot(page, "over");
  expect(await page.evaluate(() => "before" in window)).toBe(false);
  const left = await held(page);
  for (const word of ["Whimbrel", "4471", "depot", "usr_", "int_", place]) expect(left).not.toContain(word);
  expect(await page.evaluate(() => Object.keys(sessionStorage).sort())).toEqual([
    "nubitalk.ended",
    "nubitalk.kept",
  ]);

  // Another user signs in at this desk.
  const other = new Agent(page, "b2");
  await other.enter("demo", stage.program.password("b2"));
  await other.presence.waitFor();
  const seen = await held(page);
  for (const word of ["Whimbrel", "4471", "depot", place]) expect(seen).not.toContain(word);
  expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual([]);
  await stage.agent("a7"); // whose work is ended with the test
  stage.forgive(/status of 401/);
});

test("who signs in again after the session ended comes back to the same place and the same words", async () => {
  const visitor = await stage.visitor();
  await visitor.queue("Dunlin");
  const agent = await stage.agent("a7");
  await agent.ready();
  await agent.accept("Dunlin");
  await agent.box.fill("Half a sentence");
  const place = agent.page.url();
  await revoke(agent);
  await agent.page.getByText(ended).waitFor();
  expect(agent.page.url()).not.toBe(place);
  await agent.enter("demo", stage.program.password("a7"));
  await until(() => agent.box.inputValue()).toBe("Half a sentence");
  expect(agent.page.url()).toBe(place);
  await agent.box.press("Enter");
  await visitor.bubble("Half a sentence").waitFor();
  expect(await agent.page.evaluate(() => Object.keys(sessionStorage))).toEqual([]);
  await agent.leave();
  stage.forgive(/status of 401/);
});

test("without the server a session ends by the clock, and the page lets go by itself", async () => {
  const visitor = await stage.visitor();
  await visitor.queue("Sanderling");
  const agent = await stage.agent("a7");
  await agent.ready();
  await agent.accept("Sanderling");
  await agent.box.fill("Half a word");
  const { page } = agent;
  const idle = await page.evaluate(
    async () => ((await (await fetch("/api/v1/me")).json()) as { idle_minutes: number }).idle_minutes,
  );
  await page.evaluate(() => Object.assign(window, { before: true }));
  await page.context().setOffline(true);
  await page.getByText(/^No connection/).waitFor();
  // The workstation's clock goes on; nothing tells the page so but the clock.
  await page.evaluate((minutes) => {
    const now = Date.now;
    Date.now = () => now() + minutes * 60_000;
  }, idle);
  await until(() => page.evaluate(() => "before" in window).catch(() => true)).toBe(false);
  expect(await page.evaluate(() => document.documentElement.outerHTML)).not.toContain("Sanderling");
  await page.context().setOffline(false);
  await page.goto(`${stage.program.base}/app/`); // the session stood, at the server: nobody was there to use it
  await until(() => agent.box.inputValue()).toBe("Half a word");
  await agent.box.fill("");
  await agent.leave();
  stage.forgive(/ERR_INTERNET_DISCONNECTED|WebSocket/);
});

test("who may less than before is given a fresh page", async () => {
  const agent = await stage.agent("b2");
  await agent.presence.waitFor();
  await agent.page.evaluate(() => Object.assign(window, { before: true }));
  const boss = await stage.agent("administrator");
  const { id } = (
    (await (await agent.page.request.get(`${stage.program.base}/api/v1/me`)).json()) as {
      user: { id: string };
    }
  ).user;
  const url = `${stage.program.base}/api/v1/users/${id}`;
  const headers = { Origin: stage.program.base };
  const user = (await (await boss.page.request.get(url)).json()) as { version: number; roles: string[] };
  const changed = await boss.page.request.patch(url, {
    headers,
    data: { version: user.version, roles: ["monitor"] },
  });
  expect(changed.status()).toBe(200);
  await until(() => agent.page.evaluate(() => "before" in window).catch(() => true)).toBe(false);
  await until(() => agent.presence.count()).toBe(0);
  stage.forgive(/status of 403/); // what was asked just then
  const now = (await (await boss.page.request.get(url)).json()) as { version: number };
  expect(
    (
      await boss.page.request.patch(url, { headers, data: { version: now.version, roles: user.roles } })
    ).status(),
  ).toBe(200);
});
