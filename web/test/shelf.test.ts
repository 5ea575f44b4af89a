import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HELP, letter, Letters, RITA } from "./letters";
import { looks, until } from "./stage";

// An agent puts an email aside and takes it back, writes one of its own accord, whose answer comes back as work
// that knows it, and is told of what did not arrive.

const EVA = "eva@home.test";
const letters = new Letters([EVA]);
const { stage, mail } = letters;

beforeAll(() => letters.open(), 120_000);
afterEach(() => stage.sweep());
afterAll(() => letters.close());

test("an email is put aside and taken back before its time", { timeout: 240_000 }, async () => {
  const agent = await letters.atWork();
  const { page } = agent;
  const found: string[] = [];
  await mail.deliver(RITA, HELP, letter("When do you open?", "open", "I come on Monday."));
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor({ timeout: 60_000 });
  await page.keyboard.press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  await pane.getByText("I come on Monday.").waitFor();
  await pane.getByRole("button", { name: "Put it aside" }).press("Enter");
  const shelf = pane.getByRole("region", { name: "Put it aside" });
  await shelf.getByRole("button", { name: /^In a week/ }).waitFor();
  await shelf.getByRole("button", { name: "Put aside until this time" }).press("Enter");
  await shelf.getByText("Choose a day and a time.").waitFor();
  await shelf.getByLabel("Another time").fill("2020-01-01T09:00");
  await shelf.getByRole("button", { name: "Put aside until this time" }).press("Enter");
  await shelf.getByText("is over; choose a time to come.").waitFor();
  stage.forgive(/status of 422/);
  found.push(...(await looks(page, "shelf-01-times")));
  await shelf.getByRole("button", { name: /^In a week/ }).press("Enter");
  await agent.work.getByText("Wrote an email").waitFor({ state: "detached" });
  const aside = page.getByRole("region", { name: "Put aside" });
  await aside.getByText("Rita Reis").waitFor();
  found.push(...(await looks(page, "shelf-02-aside")));

  // A desk that is loaded again still has it, and it is read again from the provider.
  await page.reload();
  await aside.getByRole("button", { name: "Take back the email of Rita Reis" }).press("Enter");
  await pane.getByText("I come on Monday.").waitFor();
  await aside.waitFor({ state: "detached" });
  await agent.finish("Invoice sent");
  await until(async () => Object.keys(await mail.of(HELP)).join()).toMatch(/S/);
  expect(found).toEqual([]);
});

test("an agent writes of its own accord, and is told what did not arrive", { timeout: 300_000 }, async () => {
  const agent = await letters.atWork();
  const { page } = agent;
  const found: string[] = [];
  await page.getByRole("button", { name: "Write an email" }).press("Enter");
  const dialog = page.getByRole("dialog", { name: "Write an email" });
  await dialog.getByLabel("To whom").fill("eva at home");
  await dialog.getByRole("button", { name: "Begin" }).press("Enter");
  await dialog.getByText(/one such as ana@shop.example is accepted/).waitFor();
  stage.forgive(/status of 422/);
  found.push(...(await looks(page, "compose-01-to")));
  await dialog.getByLabel("To whom").fill(EVA);
  await dialog.getByRole("button", { name: "Begin" }).press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  await pane.getByRole("heading", { name: "A new email" }).waitFor();
  await pane.getByRole("button", { name: `Remove ${EVA} from To` }).waitFor();
  await pane.getByLabel("Your message").fill("Your shoes are here.");
  await pane.getByRole("button", { name: "Send the email" }).press("Enter");
  await pane.getByText("is missing; say what it is about.").waitFor();
  stage.forgive(/status of 422/);
  await pane.getByLabel("Subject").fill("Your shoes");
  // One more, whom nobody knows there.
  const to = pane.getByLabel("To", { exact: true });
  await to.fill("unknown@home.test");
  await to.press("Enter");
  found.push(...(await looks(page, "compose-02-written")));
  await pane.getByRole("button", { name: "Send the email" }).press("Enter");
  await page.getByText("The email was sent.").waitFor({ timeout: 90_000 });
  await until(async () => Object.keys(await mail.of(EVA)).length).toBe(1);
  const [got] = Object.values(await mail.of(EVA));
  expect(got).toMatch(/^Subject: Your shoes/m);
  expect(got).toContain("Your shoes are here.");

  // What did not arrive is told where it was sent.
  await pane.getByText(/^The answer did not arrive/).waitFor({ timeout: 90_000 });
  await pane.getByText("It did not reach unknown@home.test.").waitFor();
  found.push(...(await looks(page, "compose-03-not-arrived")));
  await agent.finish("Invoice sent");

  // What answers it knows it.
  const id = /^Message-ID: (<[^>]+>)/im.exec(got!)![1]!;
  await mail.deliver(
    EVA,
    HELP,
    letter("Re: Your shoes", "thanks", "I come today.", `In-Reply-To: ${id}\n`).replace(RITA, EVA),
  );
  await agent.offers.first().waitFor({ timeout: 60_000 });
  await page.keyboard.press("Enter");
  await pane.getByText("I come today.").waitFor();
  await pane.getByText("It answers an answer of yours.").waitFor();
  await agent.finish("Invoice sent");
  expect(found).toEqual([]);
});
