import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { looks, Stage, until } from "./stage";

// The demonstration's page on which a newcomer writes to the shop, and reads what an agent answers.

const stage = new Stage();

beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a newcomer writes to the shop and reads its answer", async () => {
  const found: string[] = [];
  const page = await (await stage.context()).newPage();
  await page.goto(`${stage.program.base}/mail/`);
  const answers = page.getByRole("region", { name: "Answers to this address" });
  await answers.getByText("Nothing has come yet.").waitFor();
  found.push(...(await looks(page, "demo-mail-01")));

  // What cannot be sent is said, and nothing that was entered is lost.
  const address = page.getByLabel("Your address");
  await address.fill("nobody");
  await page.getByLabel("Subject").fill("Boots of a newcomer");
  await page.getByRole("button", { name: "Send" }).press("Enter");
  await page.getByText("It could not be sent").waitFor();
  stage.forgive(/status of 400/);
  await until(() => page.getByLabel("Subject").inputValue()).toBe("Boots of a newcomer");
  found.push(...(await looks(page, "demo-mail-02-refused")));

  // By keyboard: an agent who is ready is offered it, and answers.
  const agent = await stage.agent("a7");
  await agent.ready();
  await stage.clear(agent);
  await address.fill("newcomer@example.org");
  await address.press("Enter");
  await page.getByText("Sent. An agent who is ready").waitFor();
  await agent.offers.filter({ hasText: "Rui" }).waitFor();
  await agent.page.keyboard.press("Enter");
  const pane = agent.page.getByRole("region", { name: "The email" }).first();
  await pane.getByText("Boots of a newcomer").waitFor();
  await pane.getByLabel("Your answer").fill("They come tomorrow.");
  await pane.getByRole("button", { name: "Send the answer" }).press("Enter");
  await answers.getByText("They come tomorrow.").waitFor({ timeout: 90_000 });
  await answers.getByRole("heading", { name: "Re: Boots of a newcomer" }).waitFor();
  found.push(...(await looks(page, "demo-mail-03-answered")));

  // Somebody else's address has none of it.
  await address.fill("another@example.org");
  await answers.getByText("Nothing has come yet.").waitFor();
  await page.getByRole("link", { name: "Português" }).press("Enter");
  await page.getByRole("heading", { name: "Escrever à loja" }).waitFor();
  await until(() => page.getByRole("button", { name: "Enviar" }).count()).toBe(1);
  found.push(...(await looks(page, "demo-mail-04-pt")));
  expect(found).toEqual([]);
});
