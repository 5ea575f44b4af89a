import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { looks, Stage, until } from "./stage";
import { tone } from "./tone";

// An administrator gives a prompt its sound, is told that it is too quiet, makes it
// right, listens to both, and has a flow's step say it.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** A file of that tone at a fiftieth of its level. */
function quiet(hertz: number): string {
  const wav = tone(hertz);
  for (let at = 44; at + 1 < wav.length; at += 2) wav.writeInt16LE(Math.round(wav.readInt16LE(at) / 50), at);
  const file = join(stage.program.data, "quiet.wav");
  writeFileSync(file, wav);
  return file;
}

test("a prompt is uploaded, checked, made right, heard and used", async () => {
  const { page } = await stage.agent("administrator");
  await page.goto(`${stage.program.base}/app/setup/prompts/new`);
  await page.getByLabel("Name", { exact: true }).fill("Welcome");
  await page.getByLabel("What is said").fill("Welcome to the shop.");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("No sound yet").waitFor();
  const found = await looks(page, "prompts-fresh");

  await page.getByLabel("Choose a file").setInputFiles(quiet(500));
  const uploaded = page.getByRole("region", { name: "As uploaded" });
  const right = page.getByRole("region", { name: "Made right" });
  await uploaded.getByText("Too quiet").waitFor();
  await right.getByText("Nothing to find fault with").waitFor();
  await right.getByText("-23.0 LUFS").waitFor();
  await right.getByRole("button", { name: "Make it right" }).click();
  await right.getByText("what callers hear").waitFor();
  found.push(...(await looks(page, "prompts-checked")));

  // By the keyboard: listen, and go to another place.
  const place = right.getByRole("slider");
  await place.focus();
  await page.keyboard.press("Space");
  await right.getByRole("button", { name: "Pause" }).waitFor();
  await until(async () => Number(await place.getAttribute("aria-valuenow"))).toBeGreaterThan(0);
  await page.keyboard.press("Space");
  await right.getByRole("button", { name: "Play" }).waitFor();
  await page.keyboard.press("End");
  await until(() => place.getAttribute("aria-valuenow")).toBe(await place.getAttribute("aria-valuemax"));
  await page.keyboard.press("Home");
  await until(() => place.getAttribute("aria-valuenow")).toBe("0");

  await page.goto(`${stage.program.base}/app/setup/queues`);
  await page.getByRole("link").getByText("Sales").first().click();
  await page.getByText("Music while waiting").first().click();
  await page.getByLabel("Music while waiting").selectOption({ label: "Welcome" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("“Sales” is saved").waitFor();
  expect(found).toEqual([]);
});
