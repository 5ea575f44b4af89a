import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Locator } from "playwright-core";
import { axe, scheme, shot, Stage, until } from "./stage";

// Pages on a narrow screen: what they show is read from above to below, and nothing of it is scrolled sideways.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** What of a part is scrolled sideways. */
function wider(part: Locator): Promise<string[]> {
  return part.evaluate((root) =>
    [root, ...root.querySelectorAll("*")]
      .filter((e) => /auto|scroll/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth)
      .filter((e) => !e.closest("nav")) // which is scrolled
      .map((e) => e.outerHTML.slice(0, 80)),
  );
}

test("on a narrow page a queue's figures stand below its name, and nothing of it is scrolled sideways", async () => {
  const supervisor = await stage.agent("supervisor", { viewport: { width: 400, height: 900 } });
  const { page } = supervisor;
  const visitor = await stage.visitor();
  await visitor.queue("Curlew");
  for (const [language, title] of [
    ["en", "Queues"],
    ["pt", "Filas"],
  ] as const) {
    await page.evaluate(
      (to) => localStorage.setItem("nubitalk.preferences", `{"language":"${to}"}`),
      language,
    );
    await page.goto(`${stage.program.base}/app/room`);
    const queues = page.getByRole("region", { name: title, exact: true });
    await queues
      .getByText(/\d:\d\d/)
      .first()
      .waitFor(); // how long somebody waits
    for (const width of [400, 360]) {
      await page.setViewportSize({ width, height: 900 });
      await until(() => wider(queues), `${language}, ${width}`).toEqual([]);
      const name = await queues.getByRole("button", { pressed: false }).first().boundingBox();
      const longest = await queues
        .getByText(/\d:\d\d/)
        .first()
        .boundingBox();
      expect((longest?.x ?? width) + (longest?.width ?? 0), `${language}, ${width}`).toBeLessThan(width);
      expect(name?.width, "a name is not squeezed").toBeGreaterThan(20);
    }
    await queues.scrollIntoViewIfNeeded();
    await page.setViewportSize({ width: 400, height: 900 });
    for (const colorScheme of ["light", "dark"] as const) {
      await scheme(page, colorScheme);
      await shot(page, `room-queues-400-${language}-${colorScheme}`);
      expect(await axe(page), `${language}, ${colorScheme}`).toEqual([]);
    }
  }
  // What a figure means is a press of Tab away here, too.
  const queues = page.getByRole("region", { name: "Filas", exact: true });
  await queues.getByRole("button", { name: "Maior" }).focus();
  await queues.getByRole("tooltip").filter({ visible: true }).waitFor();
});

test("what a privacy officer reads is not wider than a narrow page", async () => {
  const officer = await stage.agent("privacy", { viewport: { width: 400, height: 900 } });
  const { page } = officer;
  // What the checks of the notice find, which take minutes where much else is done.
  await page.route("**/api/v1/privacy/notice", (route) =>
    route.fulfill({
      json: {
        items: ["C59", "C60"].map((id) => ({
          id,
          title: "Provider-managed, multi-tenant, isolated",
          status: "proven",
          evidence: ["another tenant read nothing of 12 requests", "a_guessed_token_of_".repeat(6)],
        })),
      },
    }),
  );
  for (const [path, shown] of [
    ["privacy/contacts", "Last seen"],
    ["privacy/audit", "Signed in"],
    ["privacy/everything", "Export everything"],
    ["privacy/inventory", "users.user_name"],
    ["privacy/notice", "C60"],
    ["conversations", "conversations and more"],
  ] as const) {
    await page.goto(`${stage.program.base}/app/${path}`);
    await page.locator("main").getByText(shown).filter({ visible: true }).first().waitFor();
    await until(() => wider(page.locator("main")), path).toEqual([]);
    for (const colorScheme of ["light", "dark"] as const) {
      await scheme(page, colorScheme);
      await shot(page, `narrow-${path.replace("/", "-")}-${colorScheme}`);
    }
  }
});
