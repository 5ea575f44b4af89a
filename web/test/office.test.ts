import type { Page } from "playwright-core";
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
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** Sets phones up, each with an extension and of a user or nobody's, and gives their accounts. */
async function phones(page: Page, ...of: [user: string, extension: string][]): Promise<[string, string][]> {
  const at = `${stage.program.base}/api/v1`;
  const headers = { "Content-Type": "application/json", Origin: stage.program.base };
  const users = (await (await page.request.get(`${at}/users?limit=100`)).json()) as {
    items: { id: string; user_name: string }[];
  };
  const made: [string, string][] = [];
  for (const [name, extension] of of) {
    const user = users.items.find((u) => u.user_name === name)?.id ?? "";
    const answer = await page.request.post(`${at}/phones`, {
      headers,
      data: { name: `Phone ${extension}`, enabled: true, user, extension, allow_md5: true },
    });
    const { id } = (await answer.json()) as { id: string };
    const word = await page.request.post(`${at}/phones/${id}/password`, { headers });
    const { password } = (await word.json()) as { password: string };
    made.push([`${id}.md5`, password]);
  }
  return made;
}

/** A phone that is registered and picks up; what was set up a moment ago may not be at work yet. */
async function registered(hertz: number, [account, password]: [string, string]): Promise<Softphone> {
  for (let tries = 0; ; tries++) {
    const phone = new Softphone(hertz);
    await phone.register(account, password, tls, { picksUp: true });
    await until(() => phone.said).toMatch(/\b(200 OK|40\d [A-Z])/);
    if (phone.said.includes("200 OK") || tries === 20) return phone;
    await phone.hangUp();
    phone.remove();
  }
}

test("a phone calls a colleague's, whose agent is on the phone then", async () => {
  const { page } = await stage.agent("administrator");
  const [first, second] = (await phones(page, ["a7", "21"], ["b2", "22"])) as [
    [string, string],
    [string, string],
  ];
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

test("a phone passes a call on by its own key", async () => {
  const { page } = await stage.agent("administrator");
  const accounts = await phones(page, ["", "31"], ["", "32"], ["", "33"]);
  const passes = await registered(SECOND, accounts[1]!);
  const gets = await registered(1875, accounts[2]!);
  const caller = new Softphone(FIRST);
  try {
    await caller.register(...accounts[0]!, tls, { calls: "32" });
    await until(() => passes.said).toMatch(/established/i);
    passes.press(`/transfer sip:33@${tls.split("://")[1]};transport=tls\n`);
    await until(() => gets.said).toMatch(/established/i);
    for (const [one, hears] of [
      [gets, FIRST],
      [caller, 1875],
    ] as const) {
      const lately = (hertz: number) => {
        const { samples, rate } = one.heard();
        return power(samples.subarray(-rate / 2), rate, hertz);
      };
      await until(() => lately(hears)).toBeGreaterThan(-45);
      await until(() => lately(SECOND)).toBeLessThan(-60); // who passed it on is gone
    }
  } finally {
    for (const phone of [caller, passes, gets]) await phone.hangUp();
  }
  for (const phone of [caller, passes, gets]) phone.remove();
});
