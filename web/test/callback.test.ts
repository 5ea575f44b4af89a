import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, shot, Stage, until } from "./stage";

// A visitor who does not want to wait, and is answered all the same.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a visitor goes, keeps the place, and the agent reads where to answer", async () => {
  const visitor = await stage.visitor();
  await visitor.queue("Grey wagtail");
  await visitor.page.getByText("You are next.").waitFor();
  await visitor.page.getByRole("button", { name: "Don’t want to wait?" }).press("Enter");
  const reach = visitor.page.getByRole("textbox", { name: "Phone number or email" });
  await reach.waitFor();
  await until(() => reach.evaluate((e) => e === (e.getRootNode() as ShadowRoot).activeElement)).toBe(true);
  await reach.fill("tomorrow");
  await reach.press("Enter");
  await visitor.page.getByText("Please give a phone number or an email address.").waitFor();
  await shot(visitor.page, "callback-01-asked");
  expect(await axe(visitor.page)).toEqual([]);
  await reach.fill("+351 211 000 000");
  await visitor.page.getByRole("button", { name: "Keep my place" }).click();
  await visitor.log.getByText("We answer here, or at +351 211 000 000.").waitFor();
  await visitor.page.getByText("You need not wait here").waitFor();
  await shot(visitor.page, "callback-02-kept");
  await visitor.page.reload();
  await visitor.page.getByText("You need not wait here").waitFor();
  await visitor.page.close();

  const agent = await stage.agent("a7");
  await agent.ready();
  await agent.offers.filter({ hasText: "Does not wait: answer later" }).waitFor();
  await shot(agent.page, "callback-03-offer");
  await agent.accept("Grey wagtail");
  await agent.log.getByText("answer at +351 211 000 000").waitFor();
  await shot(agent.page, "callback-04-desk");
});
