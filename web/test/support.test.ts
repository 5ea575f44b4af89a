import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { axe, looks, shot, Stage, until } from "./stage";

// A person of the operator is let into a tenant, for a time: asked for, answered with less, used, and ended while it is used.

const stage = new Stage();
beforeAll(() => stage.open());
// What is on its way when access begins or ends is answered to who one is by then.
beforeEach(() => stage.overlook(/status of 40[13]|HTTP Authentication failed/));
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("access is asked for, granted with less, used under a bar, and ended while it is used", async () => {
  const { page: helper } = await stage.agent("operator");
  await helper.goto(`${stage.program.base}/app/organisations`);
  await helper.getByRole("link", { name: "Demo company" }).click();
  await helper.getByRole("button", { name: "Ask for access" }).click();
  const ask = helper.getByRole("dialog");

  // What is missing is told beside it, and nothing entered is lost.
  await ask.getByLabel("Watch the room").check();
  await ask.getByRole("button", { name: "Ask", exact: true }).click();
  await ask.getByText("This is needed.").waitFor();
  await until(() => ask.getByLabel("Watch the room").isChecked()).toBe(true);
  await ask.getByLabel("Change the set-up").check();
  await ask.getByLabel("Reason").fill("Calls do not arrive");
  expect(await axe(helper)).toEqual([]);
  await shot(helper, "support-01-ask");
  await ask.getByLabel("Reason").press("Enter");
  await helper.getByRole("heading", { name: "Support access" }).waitFor();
  await helper.getByText(/^asked /).waitFor();

  const { page: tenant } = await stage.agent("administrator");
  await tenant.goto(`${stage.program.base}/app/setup`);
  const bar = tenant.getByRole("region", { name: "Support access" });
  await bar.getByText("1 person asks to be let in.").waitFor();
  await bar.getByRole("link", { name: "Show" }).click();
  await tenant.getByRole("button", { name: "Answer" }).click();
  const answer = tenant.getByRole("dialog");
  await answer.getByText("Calls do not arrive").waitFor();
  await until(() => answer.getByLabel("Change the set-up").isChecked()).toBe(true);
  await answer.getByLabel("Change the set-up").uncheck();
  await answer.getByLabel("For", { exact: true }).selectOption({ label: "4 hours" });
  expect(await axe(tenant)).toEqual([]);
  await shot(tenant, "support-02-answer");
  await answer.getByRole("button", { name: "Let in" }).click();
  await tenant.getByText(/^until /).waitFor();
  await looks(tenant, "support-03-granted");

  // The person's page learns of it by itself, and opens it.
  await helper.getByRole("button", { name: "Open" }).click();
  const inside = helper.getByRole("region", { name: "Support access" });
  await inside.getByText(/^You are in Demo company/).waitFor();
  await until(() => new URL(helper.url()).pathname).toBe("/app/room");
  await helper
    .getByRole("heading", { name: /Queues/ })
    .first()
    .waitFor();
  expect(await axe(helper)).toEqual([]);
  await looks(helper, "support-04-inside");
  await helper.goto(`${stage.program.base}/app/privacy/contacts`);
  await helper.getByText("Your roles do not include this").waitFor();

  await bar.getByText(/is in, until/).waitFor();
  await tenant.goto(`${stage.program.base}/app/privacy/audit`);
  await tenant.getByText("Support: looked at or did").locator("visible=true").first().waitFor();
  await tenant.goto(`${stage.program.base}/app/privacy/support`);
  await tenant.getByText("in now").waitFor();
  await shot(tenant, "support-05-in-now");

  // It ends while it is used: the person is at home again by itself.
  await helper.goto(`${stage.program.base}/app/room`);
  await inside.waitFor();
  await tenant.getByRole("button", { name: "End access" }).click();
  await until(() => new URL(helper.url()).pathname).toBe("/app/organisations/support");
  await helper.getByText(/^ended /).waitFor();
  await inside.waitFor({ state: "detached" });
  await bar.waitFor({ state: "detached" });
  await looks(helper, "support-06-ended");
  stage.forgive(/status of 401/);
});

test("access is offered to a name, opened and left", async () => {
  const { page: tenant } = await stage.agent("administrator");
  await tenant.goto(`${stage.program.base}/app/privacy/support`);
  await tenant.getByRole("button", { name: "Let somebody in" }).click();
  const offer = tenant.getByRole("dialog");
  await offer.getByLabel("User name").fill("nobody-there");
  await offer.getByLabel("See the set-up").check();
  await offer.getByLabel("Reason").fill("A number is missing");
  await offer.getByRole("button", { name: "Let in" }).click();
  await offer.getByText(/is nobody's there/).waitFor();
  await until(() => offer.getByLabel("Reason").inputValue()).toBe("A number is missing");
  stage.forgive(/status of 422/);

  const { page: helper } = await stage.agent("operator");
  const name = await helper.evaluate(async () => {
    const reply = await fetch("/api/v1/me");
    return ((await reply.json()) as { user: { user_name: string } }).user.user_name;
  });
  await offer.getByLabel("User name").fill(name);
  await offer.getByRole("button", { name: "Let in" }).click();
  await offer.waitFor({ state: "detached" });

  await helper.goto(`${stage.program.base}/app/organisations/support`);
  await helper.getByRole("button", { name: "Open" }).first().click();
  await helper
    .getByRole("region", { name: "Support access" })
    .getByText(/^You are in/)
    .waitFor();
  await until(() => new URL(helper.url()).pathname).toMatch(/^\/app\/setup/);
  expect(await axe(helper)).toEqual([]);
  await shot(helper, "support-07-setup");
  await helper.getByRole("button", { name: "Leave" }).click();
  await helper.getByRole("heading", { name: "Support access" }).waitFor();
  await until(() => new URL(helper.url()).pathname).toBe("/app/organisations/support");
});
