import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, shot, Stage, until } from "./stage";

// Whom a big screen shows, and that it stays on.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a big screen shows the agents that are chosen, and those of a team", async () => {
  const [heron, tern] = [await stage.agent("a7"), await stage.agent("b2")];
  await heron.ready();
  await tern.ready();

  const supervisor = await stage.agent("supervisor");
  const { page } = supervisor;
  await page.goto(`${stage.program.base}/app/wall`);
  const agents = page.getByRole("region", { name: "Agents" }).getByRole("listitem");
  await until(() => agents.allInnerTexts()).toHaveLength(2);
  await page.getByRole("button", { name: "What it shows" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("checkbox", { name: "Back office" }).focus();
  await page.keyboard.press("Space");
  expect(await axe(page)).toEqual([]);
  await shot(page, "wall-choice");
  await page.keyboard.press("Escape");
  await until(() => agents.count()).toBe(1);
  await agents.filter({ hasText: "a7" }).waitFor();

  // The address keeps it; a single agent comes on top of a team.
  await page.reload();
  await agents.filter({ hasText: "a7" }).waitFor();
  await until(() => agents.count()).toBe(1);
  await page.getByRole("button", { name: "What it shows" }).click();
  await dialog.getByRole("checkbox", { name: "b2" }).check();
  await page.keyboard.press("Escape");
  await until(() => agents.count()).toBe(2);
  await heron.leave();
  await tern.leave();
});

test("a big screen asks to stay on whenever it is shown, and says where it cannot", async () => {
  const supervisor = await stage.agent("supervisor");
  const { page } = supervisor;
  // A browser that gives the lock, and takes it back while the tab is hidden.
  await page.addInitScript(() => {
    const asked = { times: 0, held: undefined as EventTarget | undefined };
    Object.assign(window, { asked });
    const request = () => {
      asked.times++;
      const lock = Object.assign(new EventTarget(), {
        released: false,
        release() {
          this.released = true;
          lock.dispatchEvent(new Event("release"));
          return Promise.resolve();
        },
      });
      asked.held = lock;
      return Promise.resolve(lock);
    };
    Object.defineProperty(navigator, "wakeLock", { configurable: true, value: { request } });
  });
  const turn = (state: "visible" | "hidden") =>
    page.evaluate(async (state) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, value: state });
      const { asked } = window as unknown as { asked: { held?: { release(): Promise<void> } } };
      if (state === "hidden") await asked.held?.release();
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  const times = () => page.evaluate(() => (window as unknown as { asked: { times: number } }).asked.times);
  await page.goto(`${stage.program.base}/app/wall`);
  await page.getByRole("rowheader", { name: "Billing" }).waitFor();
  await until(times).toBe(1);
  await turn("hidden");
  await turn("visible");
  await until(times).toBe(2);
  await turn("visible"); // it is held already
  expect(await times()).toBe(2);
  await page.getByRole("button", { name: "What it shows" }).click();
  await page.getByText("The screen stays on while this page is shown.").waitFor();

  // A browser without it.
  await page.addInitScript(() => {
    Object.defineProperty(navigator, "wakeLock", { configurable: true, value: undefined });
    delete (Navigator.prototype as { wakeLock?: unknown }).wakeLock;
    delete (navigator as { wakeLock?: unknown }).wakeLock;
  });
  await page.reload();
  await page.getByRole("status").filter({ hasText: "cannot keep the screen on" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "wall-sleeps");
});
