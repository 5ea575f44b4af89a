import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort, power, Softphone } from "./softphone";
import { axe, looks, shot, Stage, until } from "./stage";

// An administrator sets up a ring group; real phones, over TLS and SRTP, are rung by it.

const FIRST = 625;
const SECOND = 1250;

let tls = "";
const stage = new Stage();
beforeAll(async () => {
  tls = `tls://127.0.0.1:${await freePort()}`;
  stage.program.sip = tls;
  await stage.open();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a ring group is set up by keyboard, and real phones are rung", async () => {
  const { page } = await stage.agent("administrator");
  const at = `${stage.program.base}/api/v1`;
  const headers = { "Content-Type": "application/json", Origin: stage.program.base };
  const phone = async (name: string, extension: string): Promise<[string, string]> => {
    const made = await page.request.post(`${at}/phones`, {
      headers,
      data: { name, extension, allow_md5: true },
    });
    const { id } = (await made.json()) as { id: string };
    const word = await page.request.post(`${at}/phones/${id}/password`, { headers });
    const { password } = (await word.json()) as { password: string };
    return [`${id}.md5`, password];
  };
  const [hall, shop, back] = [
    await phone("Hall", "21"),
    await phone("Shop", "22"),
    await phone("Back office", "23"),
  ];
  const found: string[] = [];

  await page.goto(`${stage.program.base}/app/setup/ring-groups/new`);
  await page.getByLabel("Name", { exact: true }).fill("Front");
  await page.getByLabel("Extension").fill("21");
  await page.getByLabel("Member 1", { exact: true }).selectOption({ label: "Back office (23)" });
  await page.getByRole("button", { name: "Add member" }).press("Enter");
  await page.getByLabel("Member 2", { exact: true }).selectOption({ label: "Shop (22)" });
  await page.getByRole("button", { name: "Member 2: one up" }).press("Enter");
  await until(() => page.getByLabel("Member 1", { exact: true }).locator("option:checked").innerText()).toBe(
    "Shop (22)",
  );
  await page.getByLabel("How they are rung").selectOption({ label: "One after another, in this order" });
  await page.getByLabel("Each for (seconds)").fill("5");
  await page.getByLabel("The call goes on at").selectOption({ label: "Hall (21)" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("is that of another phone already").first().waitFor();
  stage.forgive(/422/);
  found.push(...(await looks(page, "rings-refused")));
  await page.getByLabel("Extension").fill("30");
  await page.getByRole("button", { name: "Save" }).click();
  await page
    .getByText("Front saved.")
    .or(page.getByText(/Front.*(added|created)/i))
    .first()
    .waitFor();
  found.push(...(await looks(page, "rings-form")));
  await page.goto(`${stage.program.base}/app/setup/ring-groups`);
  await page.getByText("30 · One after another, in this order").waitFor();
  found.push(...(await looks(page, "rings-list")));

  const called = new Softphone(SECOND);
  const caller = new Softphone(FIRST);
  try {
    await called.register(back[0], back[1], tls, { picksUp: true }); // the shop's is registered nowhere
    await until(() => called.said).toMatch(/200 OK/);
    await caller.register(hall[0], hall[1], tls, { calls: "30" });
    await until(() => caller.said).toMatch(/established/i);
    await until(() => called.said).toMatch(/established/i);
    for (const one of [called, caller]) await until(() => seconds(one)).toBeGreaterThan(2);
  } finally {
    await caller.hangUp();
    await until(() => called.said).toMatch(/closed|terminated/i);
    await called.hangUp();
  }
  for (const [one, hears, not] of [
    [called, FIRST, SECOND],
    [caller, SECOND, FIRST],
  ] as const) {
    const { samples, rate } = one.heard();
    expect(power(samples, rate, hears)).toBeGreaterThan(-45);
    expect(power(samples, rate, not)).toBeLessThan(-60);
    one.remove();
  }
  expect(shop[0]).not.toBe(back[0]);

  // A trunk's number leads to it.
  await page.goto(`${stage.program.base}/app/setup/trunks/new`);
  await page.getByRole("button", { name: "Add number" }).click();
  await page.getByLabel("Arrives at").selectOption({ label: "Front (30)" });
  found.push(...(await axe(page)));
  await shot(page, "rings-trunk");
  expect(found).toEqual([]);
});

/** How much a phone has heard. */
function seconds(one: Softphone): number {
  try {
    const { samples, rate } = one.heard();
    return samples.length / rate;
  } catch {
    return 0; // nothing is written yet
  }
}
