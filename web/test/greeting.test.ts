import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort, power, Softphone } from "./softphone";
import { looks, scheme, shot, Stage, until } from "./stage";
import { tone } from "./tone";

// A user records the greeting of its mailbox in the browser, and who calls by a real
// telephone hears it; an administrator gives one as a file, at the user's phone.

const CALLER = 625;
const USER = 1250;
const FILE = 500;

let udp = "";
/** The phone of the user a7. */
let phone = "";
const stage = new Stage();
const headers = () => ({ "Content-Type": "application/json", Origin: stage.program.base });

beforeAll(async () => {
  udp = `udp://127.0.0.1:${await freePort()}`;
  stage.program.sip = udp;
  await stage.open();
  const { page } = await stage.agent("administrator");
  const at = `${stage.program.base}/api/v1`;
  const make = async (path: string, data: unknown) => {
    const answer = await page.request.post(`${at}/${path}`, { headers: headers(), data });
    const made = (await answer.json()) as { id: string };
    expect(made.id, JSON.stringify(made)).toBeTruthy();
    return made.id;
  };
  const users = (await (await page.request.get(`${at}/users`)).json()) as {
    items: { id: string; user_name?: string }[];
  };
  const user = users.items.find((u) => u.user_name === "a7")!.id;
  phone = await make("phones", {
    name: "Bo’s desk",
    user,
    extension: "21",
    enabled: true,
    encryption: "required",
  });
  // Without one it is not in use.
  await page.request.post(`${at}/phones/${phone}/password`, { headers: headers(), data: {} });
  const rule = { always: "voicemail", busy: "", unanswered: "", seconds: 20 };
  const chosen = await page.request.put(`${at}/phones/${phone}/forwarding`, {
    headers: headers(),
    data: rule,
  });
  expect(chosen.status(), await chosen.text()).toBe(200);
  await make("trunks", {
    name: "Exchange",
    enabled: true,
    country: "PT",
    sources: ["127.0.0.1"],
    gateways: [{ host: "127.0.0.1", port: await freePort(), transport: "udp" }],
    numbers: [{ number: "210000002", rings: phone }],
  });
  await stage.sweep();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** Octets of all that was said after greetings. */
function spooled(): number {
  const files = readdirSync(join(stage.program.data, "spool"), { recursive: true, withFileTypes: true });
  return files
    .filter((f) => f.isFile() && f.name.startsWith("rec_"))
    .map((f) => statSync(join(f.parentPath, f.name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((a, b) => a + b, 0);
}

/** Calls the phone until a message is being said, and gives how loud tones were heard, at their loudest. */
async function greeted(): Promise<(hertz: number) => number> {
  const before = spooled();
  const caller = new Softphone(CALLER);
  try {
    await caller.call("210000002", udp);
    await until(() => caller.said).toMatch(/established/i);
    await until(spooled).toBeGreaterThan(before + 4000);
    await caller.hangUp();
    const { samples, rate } = caller.heard();
    return (hertz) => {
      let most = -1000;
      for (let at = 0; at + rate / 5 < samples.length; at += rate / 10)
        most = Math.max(most, power(samples.subarray(at, at + rate / 5), rate, hertz));
      return most;
    };
  } finally {
    await caller.hangUp();
    caller.remove();
  }
}

/** The group itself, which may be far below on a page: narrow and dark. */
async function close(page: Page, group: Locator, name: string): Promise<void> {
  await page.setViewportSize({ width: 400, height: 900 });
  await scheme(page, "dark");
  await group.scrollIntoViewIfNeeded();
  await shot(page, name);
  await page.setViewportSize({ width: 1280, height: 900 });
  await scheme(page, "light");
}

test("a user records a greeting, and callers hear it", async () => {
  const agent = await stage.agent("a7", {}, USER);
  const { page } = agent;
  await page.goto(`${stage.program.base}/app/account`);
  const own = page.getByRole("group", { name: "Voicemail greeting" });
  await own.getByText("Callers hear the standard greeting").waitFor();
  const found = await looks(page, "greeting-01-standard");

  // By keyboard: it is begun, and given up.
  await own.getByRole("button", { name: "Record a greeting" }).press("Enter");
  await until(async () => Number(await own.getByRole("meter").getAttribute("aria-valuenow"))).toBeGreaterThan(
    45,
  );
  await own.getByRole("button", { name: "Cancel" }).press("Enter");
  await own.getByText("Callers hear the standard greeting").waitFor();

  await own.getByRole("button", { name: "Record a greeting" }).press("Enter");
  await until(() => own.getByRole("timer").textContent()).toMatch(/… 0:0[3-9]|… 0:[1-5]|… [1-9]/);
  found.push(...(await looks(page, "greeting-02-recording")));
  await own.getByRole("button", { name: "Stop recording" }).press("Enter");
  const draft = own.getByRole("group", { name: "Not kept yet" });
  await draft.getByRole("button", { name: "Play" }).press("Enter");
  await until(async () =>
    Number(await draft.getByRole("slider").getAttribute("aria-valuenow")),
  ).toBeGreaterThan(0);
  found.push(...(await looks(page, "greeting-03-draft")));
  await close(page, own, "greeting-03-draft-close");
  await own.getByRole("button", { name: "Keep this greeting" }).press("Enter");
  const kept = own.getByRole("group", { name: "Your greeting" });
  await kept.getByRole("button", { name: "Play" }).press("Enter");
  await until(async () =>
    Number(await kept.getByRole("slider").getAttribute("aria-valuenow")),
  ).toBeGreaterThan(0);
  found.push(...(await looks(page, "greeting-04-kept")));
  await close(page, own, "greeting-04-kept-close");

  const heard = await greeted();
  expect(heard(USER)).toBeGreaterThan(-35);
  expect(heard(FILE)).toBeLessThan(-50);
  expect(heard(1000)).toBeGreaterThan(-35); // after which the message is said

  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  const seu = page.getByRole("group", { name: "Saudação do correio de voz" });
  await seu.getByRole("button", { name: "Voltar à saudação habitual" }).waitFor();
  found.push(...(await looks(page, "greeting-05-pt")));
  await close(page, seu, "greeting-05-pt-close");
  await seu.getByRole("button", { name: "Voltar à saudação habitual" }).press("Enter");
  await seu.getByText("Quem liga ouve a saudação habitual").waitFor();
  expect(found).toEqual([]);
});

test("an administrator gives a greeting at the user’s phone", async () => {
  const { page } = await stage.agent("administrator");
  await page.goto(`${stage.program.base}/app/setup/phones/${phone}`);
  const users = page.getByRole("group", { name: "Voicemail greeting" });
  const wav = join(stage.program.data, "greeting.wav");
  writeFileSync(wav, "no sound");
  await users.getByLabel("Choose a sound").setInputFiles(wav);
  await users.getByText("This file is no sound").waitFor();
  writeFileSync(wav, tone(FILE, 90));
  await users.getByLabel("Choose a sound").setInputFiles(wav);
  await users.getByText("this sound is longer").waitFor();
  writeFileSync(wav, tone(FILE, 3));
  await users.getByLabel("Choose a sound").setInputFiles(wav);
  await users.getByRole("button", { name: "Keep this greeting" }).click();
  await users.getByRole("group", { name: "The user’s greeting" }).waitFor();
  await users.scrollIntoViewIfNeeded();
  const found = await looks(page, "greeting-06-phone");

  const heard = await greeted();
  expect(heard(FILE)).toBeGreaterThan(-35);
  expect(heard(USER)).toBeLessThan(-50);
  await users.getByRole("button", { name: "Back to the standard greeting" }).click();
  await users.getByText("Callers hear the standard greeting").first().waitFor();
  expect(found).toEqual([]);
});
