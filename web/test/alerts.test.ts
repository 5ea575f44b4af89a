import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { axe, scheme, shot, Stage, until } from "./stage";

// Thresholds and their alerts: set where the figure is seen, raised while people
// wait, seen by somebody, over when the figure is good again.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** What axe finds in both appearances. */
async function both(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await scheme(page, colorScheme);
    await shot(page, `${name}-${colorScheme}`);
    found.push(...(await axe(page)).map((v) => `${name}, ${colorScheme}: ${v}`));
  }
  await scheme(page, "light");
  return found;
}

/** Counts the sounds and notices that a page makes from now on. */
async function listen(page: Page): Promise<() => Promise<{ sounds: number; notices: string[] }>> {
  await page.addInitScript(() => {
    const heard = { sounds: 0, notices: [] as string[] };
    Object.assign(window, { heard });
    const make = AudioContext.prototype.createOscillator;
    AudioContext.prototype.createOscillator = function () {
      heard.sounds++;
      return make.call(this);
    };
    class Notice extends EventTarget {
      static permission = "granted";
      static requestPermission = () => Promise.resolve("granted");
      constructor(line: string) {
        super();
        heard.notices.push(line);
      }
      close() {}
    }
    Object.assign(window, { Notification: Notice });
  });
  return () => page.evaluate(() => (window as never as { heard: never }).heard);
}

test("a threshold is set, an alert comes, is seen, becomes worse, and ends", async () => {
  const supervisor = await stage.agent("supervisor");
  const { page } = supervisor;
  const heard = await listen(page);
  await page.goto(`${stage.program.base}/app/room`);
  const panel = page.getByRole("region", { name: "Alerts" });
  await panel.getByText("All figures are within their thresholds.").waitFor();

  // By keyboard, from the queue's own row.
  await page.getByRole("button", { name: "Alert me when… in Billing" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Alerts of Billing" });
  await dialog.getByText("Many waiting").waitFor(); // watched already, by a rule for all queues
  await dialog.getByLabel("Warning from").fill("1");
  await dialog.getByLabel("Critical from").fill("1");
  await dialog.getByLabel("Name").fill("Somebody waits");
  await dialog.getByText("When it ends").click();
  await dialog.getByLabel("Hold time").fill("0");
  expect(await both(page, "alerts-dialog")).toEqual([]);
  await dialog.getByRole("button", { name: "Watch it" }).click();
  await dialog.getByText("which is not worse than the warning's 1; give a higher value.").waitFor();
  stage.forgive(/status of 422/);
  await until(() => page.evaluate(() => document.activeElement?.getAttribute("aria-invalid"))).toBe("true");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("2");
  await page.keyboard.press("Enter");
  await page.getByText("Somebody waits is watched now.").waitFor();
  expect(await dialog.count()).toBe(0);

  const monitor = await stage.agent("monitor");
  await monitor.page.goto(`${stage.program.base}/app/wall?queues=&names=numbers`);
  const first = await stage.visitor();
  await first.queue("Dunlin");
  const row = panel.getByRole("listitem").filter({ hasText: "Billing: 1 waiting" });
  await row.getByText("Warning from 1 · Somebody waits").waitFor();
  const cell = page
    .getByRole("region", { name: "Queues" })
    .getByRole("row")
    .filter({ hasText: "Billing" })
    .getByRole("cell", { name: "Warning 1" });
  await cell.waitFor();
  await page.getByRole("link", { name: "1 alert that nobody has seen" }).waitFor();
  expect((await heard()).sounds).toBe(0); // nobody asked for it
  expect(await both(page, "alerts-room")).toEqual([]);
  const wall = monitor.page.getByRole("list", { name: "Alerts" });
  await wall.getByText("Billing: 1 waiting").waitFor();
  expect(await both(monitor.page, "alerts-wall")).toEqual([]);

  await row.getByRole("button", { name: "I have seen: Billing: 1 waiting" }).click();
  await row.getByText("seen by supervisor").waitFor();
  await page.getByRole("button", { name: "Sound, history, thresholds" }).click();
  await page.getByRole("menuitem", { name: "Sound for alerts" }).click();
  await page.getByRole("button", { name: "Sound, history, thresholds" }).click();
  await page.getByRole("menuitem", { name: "Notifications of this computer" }).click();
  await page.evaluate(() => Object.defineProperty(document, "visibilityState", { get: () => "hidden" }));

  const second = await stage.visitor();
  await second.queue("Godwit");
  const worse = panel.getByRole("listitem").filter({ hasText: "Billing: 2 waiting" });
  await worse.getByText("Critical from 2").waitFor();
  await worse.getByRole("button", { name: /^I have seen/ }).waitFor(); // it became worse: to be seen again
  await worse.getByText("supervisor saw the warning").waitFor();
  await shot(page, "alerts-worse");
  await until(async () => (await heard()).notices).toEqual(["Billing: 2 waiting"]);
  expect((await heard()).sounds).toBeGreaterThan(0);
  await monitor.page.goto(`${stage.program.base}/app/room`);
  await monitor.page.getByText("Billing: 2 waiting").waitFor();
  expect(await monitor.page.getByRole("button", { name: /^I have seen|^Alert me/ }).count()).toBe(0);

  const agent = await stage.agent("a7");
  await agent.ready();
  for (const name of ["Dunlin", "Godwit"]) await agent.accept(name);
  await panel.getByText("All figures are within their thresholds.").waitFor();
  for (const name of ["Dunlin", "Godwit"]) {
    await agent.work.getByRole("link", { name: new RegExp(name) }).click();
    await agent.finish("Invoice sent"); // an agent who leaves work behind gives it back to the queue
  }
  await page.getByRole("button", { name: "Sound, history, thresholds" }).click();
  await page.getByRole("menuitem", { name: "Past alerts" }).click();
  const past = page.getByRole("dialog", { name: "Past alerts" }).getByRole("row").nth(1);
  await past.getByText("Somebody waits").waitFor();
  await past.getByText("the figure was good again").waitFor();
  await past.getByText("before it became worse: supervisor").waitFor();
  expect(await both(page, "alerts-past")).toEqual([]);
  await page.keyboard.press("Escape");

  // Stopped where it was set, and taken back.
  await page.getByRole("button", { name: "Alert me when… in Billing" }).click();
  const watched = dialog.getByRole("listitem").filter({ hasText: "Somebody waits" });
  await watched.getByRole("button", { name: "Stop watching" }).click();
  await page.getByText("Somebody waits is watched no more.").waitFor();
  await until(() => watched.count()).toBe(0);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Somebody waits is watched now.").waitFor();
});

test("a supervisor has the thresholds' pages to itself, and in Portuguese", async () => {
  const supervisor = await stage.agent("supervisor", { viewport: { width: 400, height: 800 } });
  const { page } = supervisor;
  await page.evaluate(() => localStorage.setItem("nubitalk.preferences", '{"language":"pt"}'));
  await page.goto(`${stage.program.base}/app/room`);
  const panel = page.getByRole("region", { name: "Alertas" });
  await panel.getByRole("button", { name: "Avisar-me quando…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Número").selectOption({ label: "Tempo de um agente num estado" });
  await dialog.getByText("Indisponível: aviso a partir de 15:00, crítico a partir de 30:00").waitFor();
  expect(await both(page, "alerts-narrow-pt")).toEqual([]);
  await page.keyboard.press("Escape");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${stage.program.base}/app/setup/alert-rules/new`);
  await page.getByRole("heading", { name: "Novo alerta" }).waitFor();
  expect(await both(page, "alerts-new-pt")).toEqual([]);
  await page.getByLabel("Aviso a partir de").fill("7");
  await page.keyboard.press("Control+s");
  await page.waitForURL(/alert-rules\/alr_/);
  await page.getByRole("button", { name: "Retirar de uso" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Retirar de uso" }).click();
  await page.getByText("“À espera” está fora de uso.").waitFor();
  await page.getByRole("button", { name: "Voltar a pôr" }).click();
  await page.getByRole("link", { name: "À espera", exact: true }).waitFor();
});

test("a rule's recipients alone see its alerts, as they come and when they change", async () => {
  const supervisor = await stage.agent("supervisor");
  const monitor = await stage.agent("monitor");
  const { page } = supervisor;
  const room = `${stage.program.base}/app/room`;
  await monitor.page.goto(room);
  await page.goto(`${stage.program.base}/app/setup/alert-rules/new`);
  await page.getByLabel("Warning from").fill("1");
  await page.getByLabel("Name").fill("Only mine");
  await page.getByText("When it ends").click();
  await page.getByLabel("Hold time").fill("0");
  const recipients = page.getByRole("group", { name: /^Recipients/ });
  await recipients.getByLabel("supervisor", { exact: true }).check();
  await page.getByText("Only its recipients see the alert.").waitFor();
  expect(await both(page, "alerts-recipients")).toEqual([]);
  await page.keyboard.press("Control+s");
  await page.waitForURL(/alert-rules\/alr_/);
  const rule = page.url();

  const visitor = await stage.visitor();
  await visitor.queue("Knot");
  await page.goto(room);
  await page.getByRole("region", { name: "Alerts" }).getByText("Only mine").waitFor();
  const other = monitor.page.getByRole("region", { name: "Alerts" });
  for (const look of [() => Promise.resolve(), () => monitor.page.reload()]) {
    await look();
    await other.getByText("Somebody waits").waitFor(); // of the same moment, for everybody
    expect(await other.getByText("Only mine").count()).toBe(0);
  }

  await page.goto(rule);
  await recipients.getByLabel("supervisor", { exact: true }).uncheck();
  await page.keyboard.press("Control+s");
  await other.getByText("Only mine").waitFor();

  const agent = await stage.agent("a7");
  await agent.ready();
  await agent.accept("Knot");
  await other.getByText("All figures are within their thresholds.").waitFor();
});
