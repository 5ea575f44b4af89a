import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, scheme, shot, Stage } from "./stage";

// The outside calls of a phone, on its page and on its user's. The server's own tests
// make such calls; here the answers are made up.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** Answers lists of outside calls with made-up ones, in two pages. */
async function made(page: Page, phone: string): Promise<void> {
  await page.route("**/api/v1/phone-calls*", (route) => {
    const later = new URL(route.request().url()).searchParams.get("cursor") === "next";
    const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const call = (n: number, more: object) => ({
      id: `leg_${n}`,
      phone,
      trunk: "trk_1",
      number: `•••${n}`,
      started_at: at(n),
      answered_at: at(n),
      ended_at: at(n - 3),
      ...more,
    });
    const items = later
      ? [call(99, {})]
      : [call(11, { ended_at: undefined }), call(42, {}), call(43, { number: "•••", emergency: true })];
    return route.fulfill({ json: { items, next: later ? "" : "next" } });
  });
}

test("outside calls on the phone's page and on its user's", async () => {
  const { page } = await stage.agent("administrator");
  const at = `${stage.program.base}/api/v1`;
  const headers = { "Content-Type": "application/json", Origin: stage.program.base };
  const users = (await (await page.request.get(`${at}/users?limit=100`)).json()) as {
    items: { id: string; user_name: string }[];
  };
  const user = users.items.find((u) => u.user_name === "a7")!.id;
  const data = { name: "Bo’s desk", enabled: true, user, extension: "21" };
  const { id } = (await (await page.request.post(`${at}/phones`, { headers, data })).json()) as {
    id: string;
  };
  const section = page
    .locator("section")
    .filter({ has: page.getByRole("heading", { name: "Outside calls" }) });

  await page.goto(`${stage.program.base}/app/setup/phones/${id}`);
  await section.getByText("There are none.").waitFor();

  await made(page, id);
  for (const path of [`phones/${id}`, `users/${user}`]) {
    await page.goto(`${stage.program.base}/app/setup/${path}`);
    const rows = section.getByRole("listitem");
    await rows.filter({ hasText: "•••42" }).getByText("3:00").waitFor();
    await rows.filter({ hasText: "•••11" }).getByText("now").waitFor();
    await rows.filter({ hasText: "Emergency" }).waitFor();
    await section.getByRole("button", { name: "Show earlier ones" }).focus();
    await page.keyboard.press("Enter");
    await rows.filter({ hasText: "•••99" }).waitFor();
    expect(await section.getByRole("button", { name: "Show earlier ones" }).count()).toBe(0);
    const name = path.split("/")[0];
    for (const [width, colorScheme] of [
      [1280, "light"],
      [400, "dark"],
    ] as const) {
      await page.setViewportSize({ width, height: 900 });
      await scheme(page, colorScheme);
      expect(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
      await section.scrollIntoViewIfNeeded();
      await shot(page, `phone-calls-${name}-${width}`);
      expect(await axe(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await scheme(page, "light");
  }
});
