import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Relay } from "./relay";
import { freePort, power, Softphone } from "./softphone";
import { axe, shot, Stage, until } from "./stage";
import { hears } from "./tone";

// An agent's browser whose network goes away in a call, and comes back with another
// address: its sound goes by a TURN server, which is the way that is lost. The caller is
// a real telephone, whose own way stays.

const PHONE = 625;
const AGENT = 1250;

const relay = new Relay();
const stage = new Stage();
let tls = "";
beforeAll(async () => {
  await relay.start();
  tls = `tls://127.0.0.1:${await freePort()}`;
  stage.program.turn = relay.url;
  stage.program.turnSecret = relay.secret;
  stage.program.sip = tls;
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
      numbers: [{ number: "210000001", entry_point: items.find((e) => e.name === "Shop telephone")!.id }],
    },
  });
  expect(await made.text()).toContain("trk_");
  await stage.sweep();
}, 120_000);
afterEach(() => stage.sweep());
afterAll(async () => {
  await stage.close();
  await relay.stop();
});

/** What a telephone heard so far, second by second: the agent, or something else. */
function seconds(phone: Softphone): string {
  const { samples, rate } = phone.heard();
  let all = "";
  for (let at = 0; at + rate <= samples.length; at += rate)
    all += power(samples.subarray(at, at + rate), rate, AGENT) > -45 ? "agent " : "- ";
  return all;
}

test("an agent's sound is back after its network was away", { timeout: 240_000 }, async () => {
  const agent = await stage.agent("a7", {}, AGENT);
  const panel = agent.page.getByRole("region", { name: "The call" });
  const connected = panel.getByText("Connected", { exact: true });
  const lost = panel.getByText(/^Your sound is lost\. It comes back by itself/);
  await agent.ready();
  const phone = new Softphone(PHONE);
  try {
    await phone.call("210000001", tls);
    await until(() => phone.said).toMatch(/established/i);
    phone.press("2");
    await agent.offers.filter({ hasText: "+351930000007" }).waitFor({ timeout: 120_000 });
    await agent.page.keyboard.press("Enter");
    await connected.waitFor();
    await hears(agent.page, PHONE);
    await until(() => seconds(phone)).toMatch(/agent $/);

    // The way of its sound alone.
    let before = relay.users.length;
    await relay.away();
    await lost.waitFor();
    expect(await axe(agent.page)).toEqual([]);
    await shot(agent.page, "network-01-lost");
    await until(() => seconds(phone)).toMatch(/- $/); // music
    await relay.back();
    await connected.waitFor();
    await hears(agent.page, PHONE);
    await until(() => seconds(phone)).toMatch(/agent $/);
    expect(relay.users.length).toBeGreaterThan(before); // it comes from another place

    // All of its network: nothing can be asked of the server either.
    before = relay.users.length;
    await agent.page.context().setOffline(true);
    await relay.away();
    await lost.waitFor();
    await shot(agent.page, "network-02-offline");
    await relay.back();
    await agent.page.context().setOffline(false);
    await connected.waitFor();
    await hears(agent.page, PHONE);
    await until(() => seconds(phone)).toMatch(/- (agent )+$/);
    expect(relay.users.length).toBeGreaterThan(before);
    await shot(agent.page, "network-03-back");

    await agent.page.getByRole("button", { name: /^Hang up/ }).click();
    await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
    await until(() => phone.said).toMatch(/closed|terminated/i);
  } finally {
    await phone.hangUp();
    stage.forgive(/ERR_INTERNET_DISCONNECTED|WebSocket/);
  }
  phone.remove();
});
