import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { picture } from "./picture";
import { looks, shot, Stage, until } from "./stage";

// The photo of a user: chosen, looked at, kept, seen by colleagues, and taken away.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a user's photo is cropped here, seen by colleagues at once, and taken away", async () => {
  const { page } = await stage.agent("a7");
  const { page: other } = await stage.agent("administrator");
  await other.goto(`${stage.program.base}/app/setup/users`);
  const seen = other.getByRole("row", { name: /\ba7\b/ }).locator("img");
  await other
    .getByRole("row", { name: /\ba7\b/ })
    .first()
    .waitFor();
  expect(await seen.count()).toBe(0);

  await page.goto(`${stage.program.base}/app/account`);
  const group = page.getByRole("group", { name: "Photo" });
  await group.getByText(/^Personal data. Nothing needs it/).waitFor();
  await group.locator("input[type=file]").setInputFiles({
    name: "words.png",
    mimeType: "image/png",
    buffer: Buffer.from("no picture"),
  });
  await group
    .getByRole("alert")
    .getByText(/no picture that the browser can read/)
    .waitFor();
  await group.locator("input[type=file]").setInputFiles(picture("me.png", 400));
  await group.getByRole("img", { name: "The photo as colleagues would see it" }).waitFor();
  const found = await looks(page, "photo-draft");
  await group.getByRole("button", { name: "Use this photo" }).press("Enter");
  await page.getByText("The photo is kept.").waitFor();
  await until(() => seen.count()).toBe(1); // without asking again by hand
  await until(() => seen.evaluate((i: HTMLImageElement) => i.naturalWidth)).toBe(128);
  await shot(other, "photo-users");

  await group.getByRole("button", { name: "Remove the photo" }).click();
  await until(() => seen.count()).toBe(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await until(() => seen.count()).toBe(1);

  // An administrator takes it away, and finds the field in Portuguese.
  await other
    .getByRole("row", { name: /\ba7\b/ })
    .getByRole("link")
    .first()
    .click();
  await other.getByRole("group", { name: "Photo" }).locator("img").waitFor();
  found.push(...(await looks(other, "photo-user")));
  await other.keyboard.press("Control+k");
  await other.keyboard.type("Portugu");
  await other.keyboard.press("Enter");
  await other.setViewportSize({ width: 400, height: 900 });
  await other.getByRole("button", { name: "Retirar a fotografia" }).click();
  await until(() => page.getByRole("group", { name: "Photo" }).locator("img").count()).toBe(0);
  await shot(other, "photo-user-pt");
  expect(found).toEqual([]);
});
