import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort, power, Softphone } from "./softphone";
import { axe, scheme, shot, Stage, until } from "./stage";
import { hears, hearsNot, hearsSomething } from "./tone";

// A real telephone on a trunk, over TLS and SRTP, and agents' browsers, each with
// a tone at its microphone.

const PHONE = 625;
const AGENT = 1250;
const COLLEAGUE = 1750;
const SUPERVISOR = 2250;
const OUTSIDE = 2750;

let [tls, udp] = ["", ""];
let gateway = 0;
const stage = new Stage();
beforeAll(async () => {
  [tls, udp] = [`tls://127.0.0.1:${await freePort()}`, `udp://127.0.0.1:${await freePort()}`];
  gateway = await freePort();
  stage.program.sip = `${tls},${udp}`;
  await stage.open();
  const { page } = await stage.agent("administrator");
  const points = await page.request.get(`${stage.program.base}/api/v1/entry-points`);
  const { items } = (await points.json()) as { items: { id: string; name: string }[] };
  const made = await page.request.post(`${stage.program.base}/api/v1/trunks`, {
    headers: { "Content-Type": "application/json", Origin: stage.program.base },
    data: {
      name: "Exchange",
      enabled: true,
      country: "PT",
      sources: ["127.0.0.1"],
      gateways: [{ host: "127.0.0.1", port: gateway, transport: "udp" }],
      outgoing: { allowed: true },
      numbers: [{ number: "210000001", entry_point: items.find((e) => e.name === "Shop telephone")!.id }],
    },
  });
  expect(await made.text()).toContain("trk_");
  await stage.sweep();
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test(
  "a telephone calls by TLS and SRTP; a colleague and a supervisor take part",
  { timeout: 900_000 },
  async () => {
    const agent = await stage.agent("a7", {}, AGENT);
    await agent.ready();
    const phone = new Softphone(PHONE);
    try {
      await phone.call("210000001", tls);
      await until(() => phone.said).toMatch(/established/i);
      phone.press("2");
      const supervisor = await stage.agent("supervisor", {}, SUPERVISOR);
      await supervisor.page.goto(`${stage.program.base}/app/desk`);
      const offer = agent.offers.filter({ hasText: "+351930000007" });
      await offer.waitFor({ timeout: 120_000 });
      await agent.page.keyboard.press("Enter");
      const panel = agent.page.getByRole("region", { name: "The call" });
      await panel.getByText("Connected", { exact: true }).waitFor();
      await hears(agent.page, PHONE);
      await hearsNot(agent.page, AGENT);
      expect(await axe(agent.page)).toEqual([]);
      await shot(agent.page, "telephone-01-desk");

      // A supervisor listens from the room, and whispers.
      await supervisor.page.goto(`${stage.program.base}/app/room`);
      await supervisor.page.getByRole("button", { name: /a7/ }).first().click();
      await supervisor.page.getByRole("button", { name: /^Listen to the call of/ }).click();
      const bar = supervisor.page.getByRole("region", { name: /^You are in the call of/ });
      await bar.waitFor();
      await hears(supervisor.page, PHONE);
      await hears(supervisor.page, AGENT);
      await hearsNot(agent.page, SUPERVISOR);
      await panel.getByText(/listens$/).waitFor();
      await supervisor.page.keyboard.press("Escape");
      expect(await axe(supervisor.page)).toEqual([]);
      await shot(supervisor.page, "telephone-02-listening");
      await bar.getByRole("button", { name: "Whisper to the agent" }).click();
      await hears(agent.page, SUPERVISOR);
      await bar.getByRole("button", { name: "Leave" }).click();
      await hearsNot(agent.page, SUPERVISOR);

      // A colleague is asked, aside and together.
      const colleague = await stage.agent("b2", {}, COLLEAGUE);
      await colleague.ready();
      await agent.page.keyboard.press("Alt+c");
      await agent.page.getByRole("radio", { name: /b2/ }).check();
      await agent.page.getByRole("button", { name: "Ask", exact: true }).click();
      await colleague.work.getByText("+351930000007").click();
      await colleague.page.getByRole("button", { name: "Join the call" }).click();
      await hearsSomething(colleague.page);
      await panel.getByRole("button", { name: /alone$/ }).click();
      await hears(agent.page, COLLEAGUE);
      await hearsNot(agent.page, PHONE);
      await hears(colleague.page, AGENT);
      await panel.getByRole("button", { name: "All together" }).click();
      await hears(colleague.page, PHONE);
      await hears(agent.page, PHONE);
      await hears(agent.page, COLLEAGUE);
      expect(await axe(agent.page)).toEqual([]);
      await shot(agent.page, "telephone-03-conference");
      await shot(colleague.page, "telephone-04-colleague");

      await agent.page.getByRole("button", { name: /^Hang up/ }).click();
      await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
      await until(() => phone.said).toMatch(/closed|terminated/i);
    } finally {
      await phone.hangUp();
    }
    const { samples, rate } = phone.heard();
    expect(power(samples, rate, AGENT)).toBeGreaterThan(-45);
    expect(power(samples, rate, COLLEAGUE)).toBeGreaterThan(-45);
    // A second's whisper would be at -40; what the other tones leave at this frequency is below -55.
    expect(power(samples, rate, SUPERVISOR)).toBeLessThan(-50);
    phone.remove();
  },
);

test("a call is handed over to an outside number, and to a colleague", async () => {
  const agent = await stage.agent("a7", {}, AGENT);
  await agent.ready();
  const phone = new Softphone(PHONE);
  const other = new Softphone(OUTSIDE);
  try {
    await phone.call("210000001", udp);
    await until(() => phone.said).toMatch(/established/i);
    phone.press("2");
    await agent.offers.filter({ hasText: "+351930000007" }).waitFor({ timeout: 120_000 });
    await agent.page.keyboard.press("Enter");
    await hears(agent.page, PHONE);
    const panel = agent.page.getByRole("region", { name: "The call" });

    // A colleague is asked, and has the call at once.
    const colleague = await stage.agent("b2", {}, COLLEAGUE);
    await colleague.ready();
    await agent.page.keyboard.press("Alt+c");
    await agent.page.getByRole("radio", { name: /b2/ }).check();
    await agent.page.getByRole("button", { name: "Ask", exact: true }).click();
    await colleague.work.getByText("+351930000007").click();
    await colleague.page.getByRole("button", { name: "Join the call" }).click();
    await panel.getByRole("button", { name: /alone$/ }).click();
    await hears(agent.page, COLLEAGUE);
    expect(await axe(agent.page)).toEqual([]);
    await panel.getByRole("button", { name: /^Hand over to/ }).click();
    await hears(colleague.page, PHONE);
    await hearsNot(colleague.page, AGENT);
    await agent.page.locator("section.middle.empty").waitFor();

    // The number is dead at first, so the caller is back; then it answers.
    const holder = colleague.page.getByRole("region", { name: "The call" });
    const call = async (how: string) => {
      await colleague.page.keyboard.press("Alt+t");
      const dialog = colleague.page.getByRole("dialog");
      await dialog.getByRole("radio", { name: "A telephone number" }).check();
      await dialog.getByLabel("Number", { exact: true }).fill("210 000 009");
      expect(await axe(colleague.page)).toEqual([]);
      await shot(colleague.page, "telephone-07-outside-dialog");
      await dialog.getByRole("button", { name: how, exact: true }).click();
    };
    await call("Transfer");
    await holder.getByText("The number could not be reached. The caller is with you.").waitFor();
    await hears(colleague.page, PHONE);
    expect(await axe(colleague.page)).toEqual([]);
    await shot(colleague.page, "telephone-08-outside-failed");
    await other.answer("+351210000009", gateway);
    await call("Talk with it first");
    await holder.getByText("The outside number is in the call").waitFor();
    await hears(colleague.page, OUTSIDE);
    await hearsNot(colleague.page, PHONE);
    await holder.getByRole("button", { name: "All together" }).click();
    await hears(colleague.page, PHONE);
    await hears(colleague.page, OUTSIDE);
    expect(await axe(colleague.page)).toEqual([]);
    await shot(colleague.page, "telephone-09-outside");
    await holder.getByRole("button", { name: "Hand over to the outside number" }).click();
    await colleague.page.getByRole("region", { name: "Wrap-up" }).waitFor();
    await colleague.person.getByLabel("Disposition").selectOption({ index: 1 });
    await colleague.page.getByRole("button", { name: /^Complete/ }).click();
    await colleague.page.locator("section.middle.empty").waitFor();

    // The room shows that it goes on, and a supervisor ends it.
    const supervisor = await stage.agent("supervisor");
    await supervisor.page.goto(`${stage.program.base}/app/room`);
    const goesOn = supervisor.page.getByRole("region", { name: "Handed over outside" });
    await goesOn.getByRole("cell", { name: "Exchange" }).waitFor();
    expect(await axe(supervisor.page)).toEqual([]);
    await goesOn.scrollIntoViewIfNeeded();
    await shot(supervisor.page, "telephone-11-handed-over");
    await supervisor.page.setViewportSize({ width: 400, height: 800 });
    await scheme(supervisor.page, "dark");
    await goesOn.scrollIntoViewIfNeeded();
    expect(await axe(supervisor.page)).toEqual([]);
    await shot(supervisor.page, "telephone-12-handed-over-narrow");
    await supervisor.page.setViewportSize({ width: 1440, height: 900 });
    await goesOn.getByRole("button", { name: "Hang up" }).focus();
    await supervisor.page.keyboard.press("Enter");
    await goesOn.getByRole("button", { name: "Hang up for both" }).click();
    await goesOn.waitFor({ state: "detached" });
    await until(() => phone.said).toMatch(/terminated|closed/i);
    await until(() => other.said).toMatch(/terminated|closed/i);

    // Its ends go into a file: a supervisor's has masked numbers, a privacy officer's all of them, for a reason.
    for (const user of ["supervisor", "privacy"]) {
      const one = await stage.agent(user);
      await one.page.goto(`${stage.program.base}/app/conversations`);
      await one.page.getByRole("button", { name: "Export calls…" }).click();
      const dialog = one.page.getByRole("dialog", { name: "Export calls" });
      if (user === "privacy") {
        await dialog.getByLabel("Telephone numbers").selectOption("clear");
        await dialog.getByLabel("Why in full?").fill("A complaint about a bill");
      }
      expect(await axe(one.page)).toEqual([]);
      await shot(one.page, `telephone-13-export-${user}`);
      const saved = one.page.waitForEvent("download");
      await dialog.getByRole("button", { name: "Export", exact: true }).click();
      const lines = readFileSync((await (await saved).path())!, "utf8");
      expect(lines).toContain(user === "privacy" ? "'+351930000007" : "•••07");
      expect(lines.includes("930000007")).toBe(user === "privacy");
    }
    await colleague.page.goto(colleague.page.url().replace(/desk.*/, "conversations"));
    await colleague.page.getByText("+351930000007").first().click();
    await colleague.page.getByRole("heading", { name: "The call’s ends" }).waitFor();
    await colleague.page.getByText("Outside number", { exact: true }).first().waitFor();
    expect(await axe(colleague.page)).toEqual([]);
    await shot(colleague.page, "telephone-10-legs");
    // The attempt that was given up may still arrive, and is hung up: it is not told apart here.
    await phone.hangUp();
    await until(() => other.said).toMatch(/terminated|closed/i);
  } finally {
    await phone.hangUp();
    await other.hangUp();
  }
  const heard = phone.heard();
  expect(power(heard.samples, heard.rate, OUTSIDE)).toBeGreaterThan(-45);
  const there = other.heard();
  expect(power(there.samples, there.rate, PHONE)).toBeGreaterThan(-45);
  phone.remove();
  other.remove();
});

test("the server dies and comes back: the telephone and the desk talk on", async () => {
  const agent = await stage.agent("a7", {}, AGENT);
  await agent.ready();
  const phone = new Softphone(PHONE);
  try {
    await phone.call("210000001", udp);
    await until(() => phone.said).toMatch(/established/i);
    phone.press("2");
    await agent.offers.filter({ hasText: "+351930000007" }).waitFor();
    await agent.page.keyboard.press("Enter");
    await hears(agent.page, PHONE);
    await stage.program.kill();
    await hearsNot(agent.page, PHONE); // or what is heard afterwards is of before
    await stage.program.start();
    await agent.page
      .getByRole("region", { name: "The call" })
      .getByText("Connected", { exact: true })
      .waitFor();
    await hears(agent.page, PHONE);
    stage.forgive(/ERR_CONNECTION|WebSocket|status of 50/);
    await agent.page.getByRole("button", { name: /^Hang up/ }).click();
    await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
    await until(() => phone.said).toMatch(/closed|terminated/i);
    await agent.person.getByLabel("Disposition").selectOption({ index: 1 });
    await agent.page.getByRole("button", { name: /^Complete/ }).click();
    await agent.page.locator("section.middle.empty").waitFor();
  } finally {
    await phone.hangUp();
    phone.remove();
  }
});

test(
  "the server dies and comes back: a parked telephone is parked where it was",
  { timeout: 900_000 },
  async () => {
    const agent = await stage.agent("a7", {}, AGENT);
    await agent.ready();
    const phone = new Softphone(PHONE);
    try {
      await phone.call("210000001", udp);
      await until(() => phone.said).toMatch(/established/i);
      phone.press("2");
      await agent.offers.filter({ hasText: "+351930000007" }).waitFor();
      await agent.page.keyboard.press("Enter");
      await hears(agent.page, PHONE);
      await agent.page.keyboard.press("Alt+j");
      const parked = agent.page.getByRole("region", { name: "Parked calls" });
      const back = parked.getByRole("button", { name: /^Take back 70[1-9]$/ });
      const slot = await back.getAttribute("aria-label");
      await agent.page.goto("about:blank"); // which does not miss its server
      await stage.program.kill();
      await stage.program.start();
      await agent.page.goto(`${stage.program.base}/app/desk`);
      await back.waitFor();
      await until(() => back.getAttribute("aria-label")).toBe(slot);
      await back.click();
      await agent.page.getByRole("heading", { name: "+351930000007", level: 1 }).waitFor();
      await hears(agent.page, PHONE);
      await agent.page.getByRole("button", { name: /^Hang up/ }).click();
      await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
      await until(() => phone.said).toMatch(/closed|terminated/i);
      await agent.person.getByLabel("Disposition").selectOption({ index: 1 });
      await agent.page.getByRole("button", { name: /^Complete/ }).click();
      await agent.page.locator("section.middle.empty").waitFor();
    } finally {
      await phone.hangUp();
      phone.remove();
    }
  },
);

test("an agent calls a number, and is told why it did not go", async () => {
  const agent = await stage.agent("b2", {}, AGENT);
  await agent.ready();
  // The key is pressed before it is known that calls may go out.
  let tell = () => {};
  const held = new Promise<void>((free) => (tell = free));
  let ask = () => {};
  const asked = new Promise<void>((now) => (ask = now));
  await agent.page.route("**/api/v1/calls/choices", async (route) => {
    ask();
    await held;
    await route.fallback();
  });
  await agent.page.reload();
  await agent.presence.filter({ hasText: "Ready" }).waitFor();
  await asked;
  await agent.page.keyboard.press("Alt+g");
  tell();
  const dialog = agent.page.getByRole("dialog", { name: "Call a number" });
  await dialog.getByLabel("Number", { exact: true }).fill("+34 911 234 567");
  await dialog.getByRole("button", { name: "Call", exact: true }).click();
  await dialog.getByText("does not call this country or area").waitFor();
  expect(await axe(agent.page)).toEqual([]);
  await shot(agent.page, "telephone-05-dial");
  await dialog.getByLabel("Number", { exact: true }).fill("210 000 009");
  await dialog.getByRole("button", { name: "Call", exact: true }).click();
  // Nobody listens at the trunk's gateway.
  await agent.page.getByRole("heading", { name: "+351210000009", level: 1 }).waitFor();
  await agent.page.getByText("The number could not be reached").waitFor();
  await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
  await shot(agent.page, "telephone-06-calling");
  stage.forgive(/status of 403|status of 410|status of 409/);
});
