import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort } from "./softphone";
import { lasting, looks, shot, Stage, until } from "./stage";

// Where calls to an extension go on: an administrator says it for a phone, its user in the own account.

const stage = new Stage();
beforeAll(async () => {
  stage.program.sip = `tls://127.0.0.1:${await freePort()}`;
  await stage.open();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("calls to a phone go on where its user wants them", async () => {
  const { page } = await stage.agent("administrator");
  for (const [name, extension, user] of [
    ["Bo’s desk", "21", "a7"],
    ["Cleo’s desk", "22", "c9"],
  ]) {
    await page.goto(`${stage.program.base}/app/setup/phones/new`);
    await page.getByLabel("Name", { exact: true }).fill(name!);
    await page.getByLabel("Whose phone it is").selectOption({ label: user! });
    await page.getByLabel("Extension").fill(extension!);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Not registered").waitFor();
    expect(await page.getByText("Where calls go on").count()).toBe(0); // nothing can come to it yet
    await page.getByRole("button", { name: "Make a password" }).click();
    await page.getByRole("dialog").locator("code").waitFor();
    await page.keyboard.press("Escape");
  }
  // Cleo's phone: one that is not answered goes on to Bo's.
  const theirs = page.getByRole("group", { name: "Where calls go on" });
  await theirs.getByLabel("Not answered").fill("22");
  await theirs.getByRole("button", { name: "Apply" }).click();
  await theirs.getByLabel("Not answered").and(page.locator("[aria-invalid=true]")).waitFor(); // its own
  stage.forgive(/status of 422/);
  const found = await looks(page, "forwarding-refused");
  await theirs.getByLabel("Not answered").fill("21");
  await theirs.getByRole("button", { name: "Apply" }).click();
  await page.getByText("Where calls go on is saved.").waitFor();
  await theirs.getByText("Now: Bo’s desk.").waitFor();
  found.push(...(await looks(page, "forwarding-phone")));

  // Bo says it in the own account, by keyboard.
  const own = await stage.agent("a7");
  await lasting(own.page);
  await own.page.goto(`${stage.program.base}/app/account`);
  const mine = own.page.getByRole("group", { name: "Where calls go on" });
  await mine.getByLabel("All calls").fill("22");
  await mine.getByLabel("All calls").press("Enter");
  await mine.getByText("Now: Cleo’s desk.").waitFor();
  found.push(...(await looks(own.page, "forwarding-own")));
  await own.page.reload();
  await mine.getByText("Now: Cleo’s desk.").waitFor();
  await until(() => mine.getByLabel("All calls").inputValue()).toBe("22");

  // It is undone from the line that says it was saved.
  await mine.getByLabel("Not answered").fill("22");
  await mine.getByRole("button", { name: "Apply" }).click();
  await own.page.getByRole("button", { name: "Undo", exact: true }).last().click();
  await own.page.getByText("All is as it was before.").waitFor();
  await until(() => mine.getByLabel("Not answered").inputValue()).toBe("");
  await mine.getByText("Now: Cleo’s desk.").waitFor();

  // Somebody else chooses meanwhile: both are shown, and nothing is lost.
  await page.goto(`${stage.program.base}/app/setup/phones`);
  await page.getByRole("link", { name: "Bo’s desk" }).click();
  await theirs.getByLabel("While busy").fill("22");
  await theirs.getByRole("button", { name: "Apply" }).click();
  await page.getByText("Where calls go on is saved.").waitFor();
  await mine.getByLabel("All calls").fill("");
  await mine.getByRole("button", { name: "Apply" }).click();
  await mine.getByText("Someone else chose meanwhile.").waitFor();
  stage.forgive(/status of 409/);
  await mine.getByText("While busy: 22").waitFor();
  expect(await mine.getByLabel("All calls").inputValue()).toBe("");
  found.push(...(await looks(own.page, "forwarding-both")));
  await mine.getByRole("button", { name: "Save mine over it" }).click();
  await mine.getByText("Someone else chose meanwhile.").waitFor({ state: "detached" });
  await until(() => mine.getByLabel("While busy").inputValue()).toBe("");
  expect(await mine.getByLabel("All calls").inputValue()).toBe("");
  await own.page.reload();
  await mine.getByLabel("All calls").waitFor();
  await until(() => mine.getByLabel("While busy").inputValue()).toBe("");
  await mine.getByLabel("All calls").fill("22");
  await mine.getByLabel("All calls").press("Enter");
  await mine.getByText("Now: Cleo’s desk.").waitFor();

  // Who has no phone is shown nothing of it.
  const other = await stage.agent("b2");
  await other.page.goto(`${stage.program.base}/app/account`);
  await other.page.getByRole("heading", { name: "Password" }).first().waitFor();
  expect(await other.page.getByText("Where calls go on").count()).toBe(0);

  // In Portuguese.
  await own.page.keyboard.press("Control+k");
  await own.page.keyboard.type("Portugu");
  await own.page.keyboard.press("Enter");
  await own.page.setViewportSize({ width: 400, height: 900 });
  await own.page.getByRole("heading", { name: "Para onde seguem as chamadas" }).scrollIntoViewIfNeeded();
  await shot(own.page, "forwarding-own-pt");
  expect(found).toEqual([]);
});
