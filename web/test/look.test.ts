import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { axe, shot, Stage, until } from "./stage";

// A supervisor looks into a queue and at an agent, and changes what is there.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const room = async (user = "supervisor") => {
  const { page } = await stage.agent(user);
  await page.goto(`${stage.program.base}/app/room`);
  return page;
};

async function lookAt(page: Page, agent: string) {
  await page.getByRole("button", { name: new RegExp(`^${agent}`) }).click();
  const dialog = page.getByRole("dialog", { name: agent });
  await dialog.getByRole("region", { name: "Skills" }).waitFor();
  return dialog;
}

test("a skill changed in the room brings the offer at once, and is taken back", async () => {
  const agent = await stage.agent("b2");
  await agent.ready();
  const page = await room();
  const dialog = await lookAt(page, "b2");
  const skills = dialog.getByRole("region", { name: "Skills" });
  const level = skills.getByLabel("Level of billing");
  if (await level.count()) await skills.getByRole("button", { name: "Take billing away" }).click();
  await until(() => level.count()).toBe(0);
  const billing = dialog.getByRole("checkbox", { name: "Billing" });
  if (!(await billing.isChecked())) await billing.click();
  await until(() => billing.isChecked()).toBe(true);

  const visitor = await stage.visitor();
  await visitor.queue("Turnstone");
  expect(await agent.offers.count()).toBe(0);
  await skills.getByLabel("Add a skill…").selectOption("billing");
  await agent.offers.filter({ hasText: "Turnstone" }).waitFor();
  await page.getByText("b2: billing is at level 5 now.").waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "look-agent");

  // Somebody else was faster with the same skill: told, and what is in force is shown.
  const other = await stage.agent("supervisor");
  await other.page.goto(`${stage.program.base}/app/room`);
  const theirs = await lookAt(other.page, "b2");
  let held = true;
  await page.route("**/skills/*", async (route) => {
    if (held) {
      held = false;
      await theirs.getByLabel("Level of billing").selectOption("7");
      await other.page.getByText("b2: billing is at level 7 now.").waitFor();
    }
    await route.continue();
  });
  await level.selectOption("3");
  await page.getByText(/Somebody else changed this skill/).waitFor();
  await until(() => level.inputValue()).toBe("7");
  stage.forgive(/status of 409/);

  await other.page.getByRole("button", { name: "Undo" }).last().click();
  await other.page.getByText("As it was before.").waitFor();
  await until(() => level.inputValue()).toBe("5");
  await agent.leave();
});

test("who serves a queue is changed by name, and by rule only through the rule", async () => {
  const page = await room();
  const dialog = await lookAt(page, "c9");
  const queues = dialog.getByRole("region", { name: "Queues" });
  const named = queues.getByRole("listitem").filter({ hasText: /named as a member|no member/ });
  const box = named.first().getByRole("checkbox");
  const was = await box.isChecked();
  await box.focus();
  await page.keyboard.press("Space");
  await until(() => box.isChecked()).toBe(!was);
  await page.getByRole("button", { name: "Undo" }).last().click();
  await until(() => box.isChecked()).toBe(was);
  const byRule = queues.getByRole("listitem").filter({ hasText: "by the rule" }).first();
  await byRule.getByText(/by the rule: .* is /).waitFor();
  await until(() => byRule.getByRole("checkbox").isDisabled()).toBe(true);
  await queues.getByText(/change the rule, or what it asks for/).waitFor();
});

test("a queue is looked into: order, first in line and back, and who handles what", async () => {
  const page = await room();
  const [first, second] = [await stage.visitor(), await stage.visitor()];
  await first.queue("Avocet");
  await second.queue("Bittern");
  await page.getByRole("button", { name: "Look into Billing" }).click();
  const dialog = page.getByRole("dialog", { name: "Queue Billing" });
  const waiting = dialog.getByRole("region", { name: /^\d+ waits?$/ });
  const order = async () =>
    (await waiting.getByRole("listitem").allInnerTexts())
      .map((text) => /Avocet|Bittern/.exec(text)?.[0])
      .filter(Boolean);
  await until(order).toEqual(["Avocet", "Bittern"]);
  await waiting.getByLabel("Move Bittern").selectOption("First in line");
  await until(order).toEqual(["Bittern", "Avocet"]);
  await page.getByRole("button", { name: "Undo" }).last().click();
  await until(order).toEqual(["Avocet", "Bittern"]);
  expect(await axe(page)).toEqual([]);
  await shot(page, "look-queue");

  const agent = await stage.agent("a7");
  await agent.ready();
  await agent.accept("Avocet");
  const running = dialog.getByRole("region", { name: /being handled/ });
  const row = running.getByRole("listitem").filter({ hasText: "Avocet" });
  await row.getByText(/^talking · /).waitFor();
  await row.getByRole("button", { name: "Pull back: Avocet" }).click();
  await row.getByRole("alert").getByRole("button", { name: "Pull back" }).click();
  await page.getByText("Avocet waits first in Billing.").waitFor();
  await agent.state("Offline");
});
