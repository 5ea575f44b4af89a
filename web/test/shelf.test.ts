import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HELP, letter, Letters, RITA } from "./letters";
import { looks, until } from "./stage";

// An agent puts an email aside and takes it back, writes one of its own accord, whose answer comes back as work
// that knows it, and is told of what did not arrive.

const EVA = "eva@home.test";
const letters = new Letters([EVA]);
const { stage, mail } = letters;

beforeAll(() => letters.open());
afterEach(() => stage.sweep());
afterAll(() => letters.close());

test("an email is put aside and taken back before its time", async () => {
  const agent = await letters.atWork();
  const { page } = agent;
  const found: string[] = [];
  await mail.deliver(RITA, HELP, letter("When do you open?", "open", "I come on Monday."));
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
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

test("an agent writes of its own accord, and is told what did not arrive", async () => {
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
  await pane.getByText(/^The email did not arrive/).waitFor({ timeout: 90_000 });
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
  await agent.offers.first().waitFor();
  await page.keyboard.press("Enter");
  await pane.getByText("I come today.").waitFor();
  await pane.getByText("It answers an email that was sent from here.").waitFor();
  await agent.finish("Invoice sent");
  expect(found).toEqual([]);
});

test(
  "a new email is handed over before anything was written, and is for the same person",
  { timeout: 900_000 },
  async () => {
    const agent = await letters.atWork();
    const { page } = agent;
    const found: string[] = [];
    const api = `${stage.program.base}/api/v1`;
    const headers = { Origin: stage.program.base };
    const writers = (await (await page.request.get(`${api}/email-writers`)).json()) as {
      items: { mailbox: string }[];
    };
    const begin = { mailbox: writers.items[0]!.mailbox, to: EVA };
    const made = await page.request.post(`${api}/emails`, { headers, data: begin });
    expect(made.status(), await made.text()).toBe(201);
    const { id } = (await made.json()) as { id: string };
    // What was begun is gone with who began it.
    const path = `${api}/interactions/${id}/email/draft`;
    expect((await page.request.delete(path, { headers })).status()).toBe(204);
    await page.goto(`${stage.program.base}/app/desk/${id}`);
    const pane = page.getByRole("region", { name: "The email" }).first();
    await pane.getByRole("button", { name: `Remove ${EVA} from To` }).waitFor();
    // Whoever takes it away does not get it back.
    await pane.getByRole("button", { name: `Remove ${EVA} from To` }).press("Enter");
    await pane.getByLabel("Your message").fill("Your shoes are here.");
    expect(await pane.getByRole("button", { name: `Remove ${EVA} from To` }).count()).toBe(0);

    // It is seen as it leaves before it does: to nobody yet, with the signature.
    await pane.getByRole("button", { name: "Preview" }).press("Enter");
    const dialog = page.getByRole("dialog", { name: "Preview" });
    const letterShown = dialog.frameLocator("iframe");
    await letterShown.getByText("Your shoes are here.").waitFor();
    await letterShown.getByText("your shop").waitFor();
    found.push(...(await looks(page, "compose-04-preview")));
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await agent.finish("Invoice sent");
    expect(found).toEqual([]);
  },
);

test(
  "a person who is shown is written to, at an address of theirs that is chosen",
  { timeout: 900_000 },
  async () => {
    const agent = await letters.atWork();
    const { page } = agent;
    const found: string[] = [];
    await mail.deliver(RITA, HELP, letter("A past one", "past", "Once."));
    await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
    await page.keyboard.press("Enter");
    const pane = page.getByRole("region", { name: "The email" }).first();
    await pane.getByText("Once.").waitFor();
    const interaction = page.url().split("/").at(-1)!;
    // Who has two addresses is asked at which.
    const api = `${stage.program.base}/api/v1`;
    const detail = (await (await page.request.get(`${api}/interactions/${interaction}`)).json()) as {
      contact: { id: string; version: number; addresses: { kind: string; value: string }[] };
    };
    const { contact } = detail;
    const second = "rita@work.test";
    const addresses = [
      ...contact.addresses.filter((a) => a.value !== second),
      { kind: "email", value: second },
    ];
    const changed = await page.request.patch(`${api}/contacts/${contact.id}`, {
      headers: { Origin: stage.program.base },
      data: { version: contact.version, addresses },
    });
    expect(changed.status(), await changed.text()).toBe(200);
    await agent.finish("Invoice sent");
    await agent.work.getByText("Rita Reis").waitFor({ state: "detached" });
    await page.goto(`${stage.program.base}/app/conversations/${interaction}`);
    await page.getByRole("button", { name: "Email this person" }).press("Enter");
    const dialog = page.getByRole("dialog", { name: "Write an email" });
    await dialog.getByLabel("To whom").selectOption(second);
    found.push(...(await looks(page, "compose-05-past")));
    await dialog.getByRole("button", { name: "Begin" }).press("Enter");
    await pane.getByRole("heading", { name: "A new email" }).waitFor();
    await pane.getByRole("button", { name: `Remove ${second} from To` }).waitFor();
    await page.getByRole("complementary", { name: "Person" }).getByText("Rita Reis").first().waitFor();
    await agent.finish("Invoice sent");
    expect(found).toEqual([]);
  },
);

test(
  "a queue in which emails wait is taken out of use once they went elsewhere",
  { timeout: 900_000 },
  async () => {
    const { page } = await stage.agent("administrator", { viewport: { width: 1280, height: 900 } });
    const supervisor = await stage.agent("supervisor");
    const found: string[] = [];
    const api = `${stage.program.base}/api/v1`;
    const headers = { Origin: stage.program.base };
    const made = await page.request.post(`${api}/queues`, { headers, data: { name: "Only for a while" } });
    expect(made.status(), await made.text()).toBe(201);
    const { id } = (await made.json()) as { id: string };
    // Nobody is at work, so it waits.
    await mail.deliver(RITA, HELP, letter("It waits", "waits", "For whom?"));
    type List = { items: { id: string; channel: string; state: string }[] };
    const waiting = async () =>
      ((await (await supervisor.page.request.get(`${api}/interactions`)).json()) as List).items.find(
        (i) => i.channel === "email" && i.state === "queued",
      )?.id ?? "";
    await until(waiting).not.toBe("");
    const moved = await supervisor.page.request.post(`${api}/floor/interactions/${await waiting()}/move`, {
      headers,
      data: { queue: id },
    });
    expect(moved.status(), await moved.text()).toBe(200);

    await page.goto(`${stage.program.base}/app/setup/queues/${id}`);
    await page.getByRole("button", { name: "Take out of use" }).press("Enter");
    const dialog = page.getByRole("dialog", { name: "Take out of use" });
    await dialog.getByText("1 email waits.").waitFor();
    await until(() => dialog.getByRole("button", { name: "Move them there" }).isDisabled()).toBe(true);
    await dialog.getByLabel("Where they go").selectOption(letters.queue);
    found.push(...(await looks(page, "queue-archive-01")));
    await dialog.getByRole("button", { name: "Move them there" }).press("Enter");
    await dialog.getByText(/is no longer offered/).waitFor();
    await dialog.getByRole("button", { name: "Take out of use" }).press("Enter");
    await page.getByText("“Only for a while” is out of use.").waitFor();
    const one = (await (
      await supervisor.page.request.get(`${api}/interactions/${await waiting()}`)
    ).json()) as { interaction: { queue: string } };
    expect(one.interaction.queue).toBe(letters.queue);
    expect(found).toEqual([]);
  },
);
