import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Stage, until } from "./stage";
import { hears, hearsNot } from "./tone";

// Another microphone is chosen in a running call.

const CALLER = 625;
const AGENT = 1250;
const SECOND = 2000;

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** Plugs in a microphone that hears a tone of its own. */
function plugIn(page: Page, hertz: number): Promise<void> {
  return page.evaluate((hz) => {
    const devices = navigator.mediaDevices;
    const open = devices.getUserMedia.bind(devices);
    const list = devices.enumerateDevices.bind(devices);
    devices.getUserMedia = (wanted) => {
      const audio = wanted?.audio as { deviceId?: { ideal?: string } } | undefined;
      if (audio?.deviceId?.ideal !== "second") return open(wanted);
      const context = new AudioContext();
      const tone = new OscillatorNode(context, { frequency: hz });
      const out = new MediaStreamAudioDestinationNode(context);
      tone.connect(new GainNode(context, { gain: 0.3 })).connect(out);
      tone.start();
      return Promise.resolve(out.stream);
    };
    devices.enumerateDevices = async () => [
      ...(await list()),
      { deviceId: "second", kind: "audioinput", label: "Second headset", groupId: "" } as MediaDeviceInfo,
    ];
  }, hertz);
}

test("another microphone is chosen in a running call, which goes on", async () => {
  const agent = await stage.agent("a7", {}, AGENT);
  const { page } = agent;
  await plugIn(page, SECOND);
  const caller = await stage.caller(CALLER);
  await caller.queue("Green sandpiper");
  await agent.ready();
  await agent.answer("Green sandpiper");
  await hears(page, CALLER);
  await hears(caller.page, AGENT);

  // How loud each side is, and how good the network is, stands in the panel.
  const panel = page.getByRole("region", { name: "The call" });
  const loud = (name: string) =>
    panel.getByRole("meter", { name }).getAttribute("aria-valuenow").then(Number);
  await until(() => loud("Your microphone")).toBeGreaterThan(0);
  await until(() => loud("The caller")).toBeGreaterThan(0);
  await panel.getByText(/^Network: (good|fair|poor)/).waitFor();

  let connected = 0;
  page.on("request", (asked) => {
    if (asked.method() === "POST" && asked.url().endsWith("/sound")) connected++;
  });
  await panel.getByRole("button", { name: "Devices" }).click();
  await panel.getByLabel("Microphone", { exact: true }).selectOption({ label: "Second headset" });
  await hears(caller.page, SECOND);
  await hearsNot(caller.page, AGENT);
  await hears(page, CALLER);
  await panel.getByLabel("Microphone", { exact: true }).selectOption({ index: 0 });
  await hears(caller.page, AGENT);
  await hearsNot(caller.page, SECOND);
  expect(connected).toBe(0); // the same connection all the time
  await page.getByRole("button", { name: /^Mute/ }).click();
  await until(() => loud("Muted: the caller does not hear you")).toBe(0);
  await hearsNot(caller.page, AGENT);
  await page.getByRole("button", { name: /^Hang up/ }).click();
  await caller.stands("The call has ended");
});
