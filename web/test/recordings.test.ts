import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { axe, looks, shot, Stage, until } from "./stage";

// A supervisor finds a conversation that was recorded, opens the recording, hears both sides, goes about in
// it by mouse and keyboard, and sees where it was paused. The demonstration has one.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** Finds the conversation by the filter, and opens its page. */
async function find(page: Page): Promise<void> {
  await page.goto(`${stage.program.base}/app/conversations`);
  await page.getByLabel("Recording", { exact: true }).selectOption({ label: "Recorded" });
  await page.getByRole("img", { name: "Recorded" }).nth(1).waitFor();
  await page.locator("tbody a").first().click();
  await page.getByRole("region", { name: /^Call recording/ }).waitFor();
}

const seconds = async (page: Page) => Number(await page.getByRole("slider").getAttribute("aria-valuenow"));

test("a recording is found, heard and gone about in", async () => {
  const { page } = await stage.agent("supervisor");
  await find(page);
  const player = page.getByRole("region", { name: /^Call recording/ });
  const found = await looks(page, "recording-closed");

  await player.getByRole("button", { name: "Listen" }).click();
  const place = player.getByRole("slider");
  await place.waitFor();
  await until(() => player.locator("path.rest").count()).toBe(2);
  await player.getByRole("button", { name: /Paused for 0:09 by .*payment/ }).waitFor();
  await player.getByRole("button", { name: /Agreed to be recorded/ }).waitFor();

  // By the keyboard.
  await place.focus();
  await page.keyboard.press("End");
  await until(() => seconds(page)).toBe(46);
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowLeft");
  await until(() => seconds(page)).toBe(5);
  await page.keyboard.press("Space");
  await player.getByRole("button", { name: "Pause", exact: true }).waitFor();
  await until(() => seconds(page)).toBeGreaterThan(5);
  for (const speed of ["2×", "0.75×", "1.5×"]) {
    await player.getByRole("button", { name: speed }).click();
    await until(() => player.getByRole("button", { name: speed }).getAttribute("aria-pressed")).toBe("true");
  }
  await place.focus();
  await page.keyboard.press("Home"); // however long all that took, its end is far
  await until(() => seconds(page)).toBeLessThan(40);
  const before = await seconds(page);
  await until(() => seconds(page)).toBeGreaterThan(before);
  await page.keyboard.press("Escape");
  await player.getByRole("button", { name: "Pause", exact: true }).click();

  // By the mouse: a place, the pause in the list, one side without sound.
  const box = (await place.boundingBox())!;
  await page.mouse.click(box.x + box.width / 2, box.y + 10);
  await until(() => seconds(page)).toBe(23);
  await player.getByRole("button", { name: /Paused for/ }).click();
  await until(() => seconds(page)).toBe(16);
  await player.getByRole("button", { name: /^Mute/ }).first().click();
  await until(() => player.getByRole("button", { name: /^Mute/ }).first().getAttribute("aria-pressed")).toBe(
    "true",
  );
  await player.getByRole("button", { name: "Check it" }).click();
  await player.getByText("It is whole, and as it was made.").waitFor();
  found.push(...(await looks(page, "recording-open")));

  // Its end: it stops there, and begins anew.
  await place.focus();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Space");
  await until(() => seconds(page)).toBe(46);
  await player.getByRole("button", { name: "Play", exact: true }).waitFor();

  // Nothing of it is stored by the browser.
  const stored = await page.evaluate(async () => [
    ...(await caches.keys()),
    ...(await indexedDB.databases()).map((d) => d.name),
    ...Object.keys(localStorage).filter((k) => /record|sound|wav/i.test(k)),
  ]);
  expect(stored).toEqual([]);
  await player.getByRole("button", { name: "Close" }).click();
  await player.getByRole("button", { name: "Listen" }).waitFor();
  expect(found).toEqual([]);
});

/** A recipient whose identity nobody has; from the documentation of age. */
const RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/** The only file of a ZIP archive whose name ends so; nothing in it is compressed. */
function unzipped(zip: Buffer, end: string): Buffer {
  for (let at = zip.indexOf("PK\x01\x02"); at > 0; at = zip.indexOf("PK\x01\x02", at + 4)) {
    const name = zip.subarray(at + 46, at + 46 + zip.readUInt16LE(at + 28)).toString();
    if (!name.endsWith(end)) continue;
    const local = zip.readUInt32LE(at + 42);
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    return zip.subarray(from, from + zip.readUInt32LE(at + 24));
  }
  throw new Error(`no ${end} in the archive`);
}

/** How long a sound is to the browser, in seconds, and its greatest sample. */
const heard = (page: Page, file: Buffer) =>
  page.evaluate(async (octets) => {
    const bytes = Uint8Array.from(atob(octets), (c) => c.charCodeAt(0));
    const sound = await new OfflineAudioContext(1, 1, 8000).decodeAudioData(bytes.buffer);
    const peak = sound.getChannelData(0).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    return { seconds: sound.duration, channels: sound.numberOfChannels, peak };
  }, file.toString("base64"));

test("recordings are exported, sealed or plain", async () => {
  const { page } = await stage.agent("privacy");
  await find(page);
  const open = page.getByRole("button", { name: "Export recordings…" });
  const dialog = page.getByRole("dialog", { name: "Export recordings" });
  const go = dialog.getByRole("button", { name: "Export", exact: true });
  const saved = async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), go.click()]);
    return { name: download.suggestedFilename(), content: readFileSync(await download.path()) };
  };

  // By the keyboard, as far as what is wrong with it.
  await open.focus();
  await page.keyboard.press("Enter");
  await dialog.getByText("The recording of this conversation.").waitFor();
  await until(() => go.isDisabled()).toBe(true);
  await dialog.getByLabel("Why do you export?").focus();
  await dialog.getByLabel("Why do you export?").selectOption({ label: "A legal duty" });
  await dialog.getByLabel("The recipient’s public key").focus();
  await page.keyboard.type("age1nobody");
  await page.keyboard.press("Enter");
  await dialog.getByText(/is no age recipient/).waitFor();
  stage.forgive(/status of 422/);
  const found = await looks(page, "recording-export");

  // Sealed: nobody but the recipient opens it.
  await dialog.getByLabel("The recipient’s public key").fill(RECIPIENT);
  const sealed = await saved();
  expect(sealed.name).toBe("recordings.zip.age");
  expect(sealed.content.subarray(0, 21).toString()).toBe("age-encryption.org/v1");
  expect(sealed.content.length).toBeGreaterThan(500_000);
  expect(sealed.content.includes("sound.wav")).toBe(false);
  await dialog.getByText(/^recordings\.zip\.age was saved/).waitFor();
  await shot(page, "recording-export-saved");
  expect(await axe(page)).toEqual([]);

  // Plain, in Portuguese.
  await dialog.getByLabel("Who can open it").selectOption({ label: "Whoever has the file" });
  const plain = await saved();
  expect(plain.name).toBe("recordings.zip");
  expect(plain.content.subarray(0, 2).toString()).toBe("PK");
  expect(plain.content.includes("sound.wav")).toBe(true);

  // As Opus, which the browser's own decoder reads: a file for each side.
  await dialog.getByLabel("Sound").selectOption("opus");
  await shot(page, "recording-export-opus");
  const small = await saved();
  expect(small.content.includes("sound.wav")).toBe(false);
  for (const side of ["sound-1.opus", "sound-2.opus"]) {
    const opus = unzipped(small.content, side);
    expect(opus.length * 8).toBeLessThan(unzipped(plain.content, "sound.wav").length);
    const sound = await heard(page, opus);
    expect(sound.channels).toBe(1);
    expect(sound.seconds).toBeCloseTo(46, 1);
    expect(sound.peak).toBeGreaterThan(0.05);
  }
  await page.keyboard.press("Escape");
  await until(() => open.evaluate((e) => e === document.activeElement)).toBe(true);

  // Of all that the filter finds.
  await page.goto(`${stage.program.base}/app/conversations?recorded=yes&state=closed`);
  await open.click();
  await dialog.getByText(/All recordings that are kept/).waitFor();
  await dialog.getByText(/the state of the filter are not looked at/).waitFor();
  await dialog.getByLabel("Why do you export?").selectOption({ label: "A dispute" });
  await dialog.getByLabel("Who can open it").selectOption({ label: "Whoever has the file" });
  const all = await saved();
  expect(all.content.includes("manifest.json")).toBe(true);
  expect(all.content.length).toBeGreaterThan(500_000);
  await page.keyboard.press("Escape");
  expect(found).toEqual([]);

  // It is not a supervisor's to export.
  const supervisor = await stage.agent("supervisor");
  await find(supervisor.page);
  expect(await supervisor.page.getByRole("button", { name: "Export recordings…" }).count()).toBe(0);
});

test("the export in Portuguese, on a small screen", async () => {
  const { page } = await stage.agent("privacy");
  await page.evaluate(() => localStorage.setItem("nubitalk.preferences", '{"language":"pt"}'));
  await page.setViewportSize({ width: 400, height: 900 });
  await page.goto(`${stage.program.base}/app/conversations?recorded=yes`);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
  expect(await page.locator(".search").evaluate((e) => e.scrollWidth - e.clientWidth)).toBe(0);
  await page.getByRole("button", { name: "Exportar gravações…" }).click();
  await page.getByRole("dialog", { name: "Exportar gravações" }).waitFor();
  await shot(page, "recording-export-pt-400");
  expect(await axe(page)).toEqual([]);
});
