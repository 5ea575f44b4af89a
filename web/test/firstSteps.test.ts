import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Agent } from "./agent";
import { looks, shot, Stage, until } from "./stage";

// From a sign-up link to the first chat that is answered: a stranger makes an organisation, is led through the
// first steps, writes as a visitor on the page to try, and answers at the desk.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** Makes a link as the operator, and opens it as a stranger. */
async function stranger(most: number) {
  const { page } = await stage.agent("operator");
  await page.goto(`${stage.program.base}/app/organisations`);
  await page.getByRole("button", { name: "Sign-up links" }).click();
  await page.getByRole("button", { name: "Make a link" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What it is for").fill(`Fair for ${most}`);
  await dialog.getByLabel("Organisations that it makes").fill(String(most));
  const found = await looks(page, "sign-up-01-make");
  await dialog.getByRole("button", { name: "Make a link" }).click();
  const link = await dialog.locator("code").innerText();
  await shot(page, "sign-up-02-made");
  await dialog.getByRole("button", { name: "I have it" }).click();
  await page.getByRole("row", { name: new RegExp(`Fair for ${most}`) }).waitFor();
  found.push(...(await looks(page, "sign-up-03-links")));
  const guest = await (await stage.context()).newPage();
  await guest.goto(link);
  await guest.getByLabel("Name of the organisation").waitFor();
  expect(guest.url()).not.toContain("#");
  return { page, guest, link, found };
}

async function fill(guest: Agent["page"], name: string) {
  await guest.getByLabel("Name of the organisation").fill(name);
  await guest.getByLabel("Your user name").fill("raposa-7");
  await guest.getByLabel("Password", { exact: true }).fill("seven green bicycles");
  await guest.getByLabel("Password again").fill("seven green bicycles");
}

test("a stranger signs up, and answers the first chat", async () => {
  const { page, guest, found } = await stranger(2);
  found.push(...(await looks(guest, "sign-up-04-form")));
  await fill(guest, "Loja Água");
  await guest.getByLabel("Password again").fill("something else");
  await guest.getByRole("button", { name: "Create and sign in" }).click();
  await guest.getByText("Is not the same as above").waitFor();
  await until(() => guest.getByLabel("Name of the organisation").inputValue()).toBe("Loja Água");
  await guest.getByLabel("Password again").fill("seven green bicycles");
  await guest.getByRole("button", { name: "Create and sign in" }).click();
  await guest.getByRole("heading", { name: "Loja Água is ready" }).waitFor();
  await until(() => guest.locator("code").first().innerText()).toMatch(/^loja-agua-[a-z0-9]{6}$/);
  found.push(...(await looks(guest, "sign-up-05-done")));

  // Who gave the link sees it.
  await page.goto(`${stage.program.base}/app/organisations`);
  await page.getByRole("link", { name: "Loja Água" }).waitFor();

  await guest.getByRole("button", { name: "Go to the first steps" }).click();
  await guest.getByRole("heading", { name: "First steps" }).waitFor();
  await guest.getByRole("button", { name: "Add Email" }).click();
  await guest.getByRole("button", { name: "Take out Email" }).click();
  await guest.getByRole("button", { name: "Add Chat with a bot's menu" }).click();
  await guest.getByRole("button", { name: "Take out Chat with a bot's menu" }).waitFor();
  await guest.getByRole("button", { name: "Set me to ready" }).click();
  await guest.getByText("You are ready.").waitFor();
  found.push(...(await looks(guest, "first-steps-01")));

  const opening = guest.context().waitForEvent("page");
  await guest.getByRole("link", { name: "Try it" }).click();
  const visitor = await opening;
  await visitor.getByRole("button", { name: /^Open chat/ }).click();
  await visitor.getByRole("textbox", { name: "Name" }).fill("Visitor");
  await visitor.getByRole("checkbox").check();
  await visitor.getByRole("button", { name: "Start chat" }).click();
  await visitor.getByRole("button", { name: "An order" }).click();
  await visitor.getByRole("log").getByText("You will be with one of us right away").waitFor();
  await shot(visitor, "first-steps-02-try");

  const desk = new Agent(guest, "raposa-7");
  await guest.getByRole("button", { name: "Go to the desk" }).click();
  await desk.accept("Visitor");
  await desk.say("Hello, how can I help?");
  await visitor.getByRole("log").getByText("Hello, how can I help?").waitFor();

  // It is ticked by what happened, and what is used stays.
  await guest.getByRole("link", { name: "Set up" }).click(); // within the page, which asks before it is left with work open
  await guest.getByRole("button", { name: "First steps" }).click();
  await guest.getByText("That was the first conversation.").waitFor();
  expect(await guest.getByLabel("Not yet").count()).toBe(0);
  await guest.getByText("In use").waitFor();
  found.push(...(await looks(guest, "first-steps-03-done")));
  expect(found).toEqual([]);
});

test("a link is good as often as it says, also in Portuguese", async () => {
  const { guest, link, found } = await stranger(1);
  await fill(guest, "Once");
  await guest.getByRole("button", { name: "Create and sign in" }).click();
  await guest.getByRole("heading", { name: "Once is ready" }).waitFor();
  const late = await (await stage.context({ locale: "pt-PT" })).newPage();
  await late.goto(link);
  await late.getByRole("alert").filter({ hasText: "terminou ou já foi usada" }).waitFor();
  stage.forgive(/status of 409/);
  found.push(...(await looks(late, "sign-up-06-over-pt")));
  expect(found).toEqual([]);
});
