import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePort, power, Softphone } from "./softphone";
import { axe, shot, Stage, until } from "./stage";

// Two real phones, over TLS and SRTP, each with a tone at its microphone, call each other by extensions.

const FIRST = 625;
const SECOND = 1250;

let tls = "";
const stage = new Stage();
beforeAll(async () => {
  tls = `tls://127.0.0.1:${await freePort()}`;
  stage.program.sip = tls;
  await stage.open();
}, 120_000);
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a phone calls a colleague's, whose agent is on the phone then", { timeout: 240_000 }, async () => {
  const { page } = await stage.agent("administrator");
  const at = `${stage.program.base}/api/v1`;
  const headers = { "Content-Type": "application/json", Origin: stage.program.base };
  const users = (await (await page.request.get(`${at}/users?limit=100`)).json()) as {
    items: { id: string; user_name: string }[];
  };
  const phone = async (name: string, extension: string): Promise<[string, string]> => {
    const user = users.items.find((u) => u.user_name === name)!.id;
    const made = await page.request.post(`${at}/phones`, {
      headers,
      data: { name: `Phone of ${name}`, enabled: true, user, extension, allow_md5: true },
    });
    const { id } = (await made.json()) as { id: string };
    const word = await page.request.post(`${at}/phones/${id}/password`, { headers });
    const { password } = (await word.json()) as { password: string };
    return [`${id}.md5`, password];
  };
  const [first, second] = [await phone("a7", "21"), await phone("b2", "22")];
  const agent = await stage.agent("a7");
  await agent.ready();
  const called = new Softphone(SECOND);
  const caller = new Softphone(FIRST);
  try {
    await called.register(second[0], second[1], tls, { picksUp: true });
    await until(() => called.said).toMatch(/200 OK/);
    await caller.register(first[0], first[1], tls, { calls: "22" });
    await until(() => caller.said).toMatch(/established/i);
    await until(() => called.said).toMatch(/established/i);
    await agent.page.getByText("On the phone").first().waitFor();
    expect(await axe(agent.page)).toEqual([]);
    await shot(agent.page, "office-01-desk");
    const supervisor = await stage.agent("supervisor");
    await supervisor.page.goto(`${stage.program.base}/app/room`);
    await supervisor.page.getByRole("button", { name: /a7.*On the phone/s }).waitFor();
    expect(await axe(supervisor.page)).toEqual([]);
    await shot(supervisor.page, "office-02-room");
  } finally {
    await caller.hangUp();
    await until(() => called.said).toMatch(/closed|terminated/i);
    await called.hangUp();
  }
  for (const [one, hears, not] of [
    [called, FIRST, SECOND],
    [caller, SECOND, FIRST],
  ] as const) {
    const { samples, rate } = one.heard();
    expect(power(samples, rate, hears)).toBeGreaterThan(-45);
    expect(power(samples, rate, not)).toBeLessThan(-60);
    one.remove();
  }
  await agent.page.getByText("On the phone").first().waitFor({ state: "detached" });
});
