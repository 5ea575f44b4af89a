import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { House, Wire } from "./house";
import { complaints, launch, openPage, picture, secondTab, signIn, Visitor } from "./people";

// Losing the network, the page, or the server loses no work.

let house: House;
let browser: Browser;
let wire: Wire;
let agent: Page;
let visitor: Visitor;

beforeAll(async () => {
  [house, browser] = await Promise.all([House.open(), launch()]);
  wire = await Wire.to(house.demo.base_url);
  agent = await openPage(browser);
  await signIn(agent, house, "a7", wire.url);
  await agent.keyboard.press("Alt+r");
  visitor = new Visitor(await openPage(browser));
  await visitor.start(house.shop, "Marta", ["A return or exchange", "Within the last 30 days"]);
  await agent.getByRole("button", { name: "Accept" }).click();
  await agent.getByRole("heading", { level: 1, name: "Marta" }).waitFor();
});

afterAll(async () => {
  await browser?.close();
  wire?.close();
  await house?.close();
});

const log = (page: Page) => page.getByRole("log");
const count = (page: Page, words: string) => log(page).getByText(words, { exact: true }).count();

test("a cut wire: both sides go on, and nothing is lost or doubled", async () => {
  wire.cut();
  await agent.getByText("No connection.").waitFor();
  const box = agent.getByRole("textbox", { name: "Write to Marta…" });
  await box.fill("Written without a connection");
  await box.press("Enter");
  await log(agent).getByText("waits for the connection").waitFor();
  await picture(agent, "offline");
  await visitor.say("Are you still there?");

  wire.mend();
  await visitor.sees("Written without a connection");
  await log(agent).getByText("Are you still there?").waitFor();
  await agent.getByText("No connection.").waitFor({ state: "detached" });
  await expect.poll(() => count(agent, "Written without a connection")).toBe(1);
  expect(await count(agent, "Are you still there?")).toBe(1);
});

test("a refresh comes back to the same conversation", async () => {
  await agent.reload();
  await agent.getByRole("heading", { level: 1, name: "Marta" }).waitFor();
  await log(agent).getByText("Written without a connection", { exact: true }).waitFor();
  expect(await count(agent, "Written without a connection")).toBe(1);
});

test("two tabs show the same work, and each message once", async () => {
  const tab = await secondTab(agent);
  await tab.goto(agent.url());
  await tab.getByRole("heading", { level: 1, name: "Marta" }).waitFor();
  const box = tab.getByRole("textbox", { name: "Write to Marta…" });
  await box.fill("From the second tab");
  await box.press("Enter");
  await log(agent).getByText("From the second tab", { exact: true }).waitFor();
  await visitor.sees("From the second tab");
  await visitor.say("One answer");
  for (const page of [agent, tab]) {
    await log(page).getByText("One answer", { exact: true }).waitFor();
    expect(await count(page, "One answer")).toBe(1);
    expect(await count(page, "From the second tab")).toBe(1);
  }
  expect(complaints.get(tab)).toEqual([]);
  await tab.close();
});

test("a restart of the server: the same work, and the next message arrives", async () => {
  await house.stop();
  await house.start();
  await visitor.say("After the restart");
  await log(agent).getByText("After the restart", { exact: true }).waitFor();
  await agent.getByRole("button", { name: "Finish" }).waitFor();
  const box = agent.getByRole("textbox", { name: "Write to Marta…" });
  await box.fill("Here again");
  await box.press("Enter");
  await visitor.sees("Here again");
  expect(await count(agent, "After the restart")).toBe(1);
});

test("a session that ends leaves what was being written", async () => {
  const box = agent.getByRole("textbox", { name: "Write to Marta…" });
  await box.fill("Half a sen");
  await agent.context().clearCookies();
  await box.press("Enter");
  await agent.getByText("Your session has ended.").waitFor();
  await agent.getByRole("textbox", { name: "Password" }).fill(house.login("a7").password);
  await agent.getByRole("button", { name: "Sign in" }).click();
  await visitor.sees("Half a sen");
  expect(complaints.get(agent)).toEqual([]);
});
