import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Letters, RITA } from "./letters";
import { looks, shot, until } from "./stage";

// An invitation that is sent from a mailbox, and a file whose new users are invited.

const letters = new Letters();
const { stage } = letters;
beforeAll(() => letters.open());
afterEach(() => stage.sweep());
afterAll(() => letters.close());

test("an invitation goes by email, and its link leads to the desk", async () => {
  const { page } = await stage.agent("administrator");
  await page.goto(`${stage.program.base}/app/setup/users/new`);
  await page.getByLabel("User name").fill("lontra-5");
  await page.getByLabel("Email").fill(RITA);
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("The link and the code are shown once.").waitFor();
  await dialog
    .getByLabel("How it reaches the user")
    .selectOption({ label: `Email to ${RITA}, from Letters` });
  await dialog.getByText(/^It holds the user name, the link/).waitFor();
  const note = dialog.getByLabel("A few words of yours");
  await note.fill("x".repeat(501));
  await dialog.getByRole("button", { name: "See the email" }).click();
  await dialog.getByText("must have at most 500 characters").waitFor();
  stage.forgive(/status of 422/);
  await note.fill("Welcome!\nAsk for the blue door.");
  await dialog.getByRole("button", { name: "See the email" }).click();
  await dialog.getByText(/an account for you[^]*Ask for the blue door[^]*lontra-5/).waitFor();
  const found = await looks(page, "invited-how");
  await dialog.getByRole("button", { name: "Send the invitation" }).press("Enter");
  await dialog.getByText(/^The invitation is on its way to lontra-5/).waitFor();
  expect(await dialog.locator("code").count()).toBe(0); // nobody here sees it
  found.push(...(await looks(page, "invited-sent")));
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("row", { name: /lontra-5.*Invited/ }).waitFor();

  const link = async () =>
    Object.values(await letters.mail.of(RITA))
      .map((m) => /http\S+\/app\/invitation#\S+/.exec(m.replaceAll("=\r\n", "").replaceAll("=\n", ""))?.[0])
      .find(Boolean);
  await until(async () => Object.keys(await letters.mail.of(RITA)).length).toBe(1);
  await until(link).toBeTruthy();
  expect(Object.values(await letters.mail.of(RITA)).join()).toContain("Ask for the blue door.");
  const guest = await (await stage.context()).newPage();
  await guest.goto((await link())!);
  await guest.getByText("lontra-5").waitFor();
  await guest.getByLabel("Password", { exact: true }).fill("seven green bicycles");
  await guest.getByLabel("Password again").fill("seven green bicycles");
  await guest.getByRole("button", { name: "Choose and sign in" }).click();
  await guest.getByRole("banner").waitFor();

  await page.goto(`${stage.program.base}/app/setup/users/new`);
  await page.getByLabel("User name").fill("lontra-6");
  await page.getByLabel("Email").fill(RITA);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.setViewportSize({ width: 400, height: 900 });
  await page.getByRole("button", { name: "Convidar", exact: true }).click();
  await dialog.getByLabel("Como chega ao utilizador").selectOption({ index: 1 });
  await shot(page, "invited-how-pt");
  await dialog.getByRole("button", { name: "Cancelar" }).click();
  await until(() => page.getByLabel("Email").inputValue()).toBe(RITA); // nothing entered is lost
  expect(found).toEqual([]);
});

test("a file's new users are invited", async () => {
  const { page } = await stage.agent("administrator");
  const name = `foca-${Date.now()}`;
  await page.goto(`${stage.program.base}/app/setup/users/import`);
  await page.getByLabel("Or paste the table").fill(`user_name;roles;teams\n${name};agent;Shop\n`);
  await page.getByRole("button", { name: "See what it would do" }).click();
  await page.getByRole("row", { name: new RegExp(name) }).waitFor();
  await page.getByRole("checkbox", { name: /^Invite them/ }).focus();
  await page.keyboard.press("Space");
  const found = await looks(page, "invited-import");
  await page.getByRole("button", { name: "Import 1 line" }).click();
  const table = page.getByRole("table", { name: "Invitations" });
  await table.getByText(/\/app\/invitation#/).waitFor();
  found.push(...(await looks(page, "invited-imported")));
  const link = await table.locator("code").innerText();
  const loading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download as a file" }).click();
  expect((await loading).suggestedFilename()).toBe("invitations.csv");
  await page.getByRole("button", { name: "I have them" }).click();
  await page.getByRole("row", { name: new RegExp(`${name}.*Invited`) }).waitFor();

  const guest = await (await stage.context()).newPage();
  await guest.goto(link);
  await guest.getByText(name).waitFor();
  expect(found).toEqual([]);
});

test("a file's new users are written to, and who cannot be is handed a link", async () => {
  const { page } = await stage.agent("administrator");
  const one = `lobo-${Date.now()}`;
  const before = Object.keys(await letters.mail.of(RITA)).length;
  await page.goto(`${stage.program.base}/app/setup/users/import`);
  await page
    .getByLabel("Or paste the table")
    .fill(
      `user_name;email;language\n${one}-a;${RITA};en\n${one}-b;${RITA};pt\n${one}-c;;en\n${one}-d;nobody@home.test;en\n`,
    );
  await page.getByRole("button", { name: "See what it would do" }).click();
  await page.getByRole("row", { name: new RegExp(`${one}-d`) }).waitFor();
  await page.getByRole("checkbox", { name: /^Invite them/ }).check();
  await page
    .getByLabel("How the invitations reach them")
    .selectOption({ label: "Email to the 3 who have an address, from Letters" });
  await page.getByText(/^Of those chosen, 3 have an email address. The links of the other 1/).waitFor();
  await page.getByLabel("A few words of yours, in English").fill("Ask for the red door.");
  await page.getByLabel("A few words of yours, in Portuguese").fill("y".repeat(501));
  await page.getByRole("button", { name: "Import 4 lines" }).click();
  await page.getByText("must have at most 500 characters").waitFor(); // before anybody is made
  stage.forgive(/status of 422/);
  await page.getByLabel("A few words of yours, in Portuguese").fill("Pergunte pela porta vermelha.");
  await page.getByRole("button", { name: "See the email" }).last().click();
  await page.getByText(/tem uma conta para si[^]*Pergunte pela porta vermelha/).waitFor();
  const found = await looks(page, "invited-import-mail");
  await page.getByRole("button", { name: "Import 4 lines" }).click();
  await page.getByText("Sent: 2.").waitFor();
  await page.getByText(new RegExp(`^Not sent to ${one}-d: `)).waitFor();
  const table = page.getByRole("table", { name: "Invitations" });
  expect(await table.getByRole("cell", { name: new RegExp(`^${one}-.$`) }).allInnerTexts()).toEqual([
    `${one}-c`,
    `${one}-d`,
  ]);
  found.push(...(await looks(page, "invited-import-mailed")));
  await until(async () => Object.keys(await letters.mail.of(RITA)).length).toBe(before + 2);
  const mails = Object.values(await letters.mail.of(RITA)).join();
  expect(mails).toContain("Ask for the red door.");
  expect(mails).toContain("Pergunte pela porta vermelha.");

  // The link that is shown is the one that is good.
  const link = await table
    .getByRole("row", { name: new RegExp(`${one}-d`) })
    .locator("code")
    .innerText();
  const guest = await (await stage.context()).newPage();
  await guest.goto(link);
  await guest.getByText(`${one}-d`).waitFor();
  expect(found).toEqual([]);
});
