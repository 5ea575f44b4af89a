import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { axe, holes, scheme, shot, Stage, until } from "./stage";
import type { Agent } from "./agent";

// Every page of the desk, in light and dark, with what axe knows of WCAG 2.2 AA, and without a hole where the
// name of somebody could stand who has a user name alone.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** What axe finds on the page that is shown, in both appearances. */
async function both(page: Agent["page"], name: string): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await scheme(page, colorScheme);
    await shot(page, `page-${name}-${colorScheme}`);
    found.push(...(await axe(page)).map((v) => `${name}, ${colorScheme}: ${v}`));
  }
  return found;
}

async function visit(agent: Agent, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    await agent.page.goto(`${stage.program.base}/app/${path}`);
    await agent.page.getByRole("heading").first().waitFor();
    await agent.page.waitForLoadState("networkidle");
    await until(() => holes(agent.page), path).toEqual([]);
    found.push(...(await both(agent.page, `${agent.user}-${path.replace(/\W+/g, "-")}`)));
  }
  return found;
}

/** Visits what the navigation leads to, and what the navigation there leads to. */
async function walk(agent: Agent): Promise<string[]> {
  const links = async () => {
    const all = await agent.page.getByRole("navigation").getByRole("link").all();
    return Promise.all(all.map(async (link) => (await link.getAttribute("href"))!.replace("/app/", "")));
  };
  const found: string[] = [];
  const seen = [new URL(agent.page.url()).pathname.replace("/app/", "")];
  for (const path of seen) {
    found.push(...(await visit(agent, [path])));
    for (const next of await links()) if (!seen.includes(next)) seen.push(next);
  }
  return found;
}

/** The first one of a list, by its own page's address. */
async function first(agent: Agent, path: string, kind: string): Promise<string> {
  const answer = await agent.page.request.get(`${stage.program.base}/api/v1/${kind}`);
  const { items } = (await answer.json()) as { items: { id: string }[] };
  return `${path}/${items[0]?.id ?? "new"}`; // the demonstration has no trunks
}

const KINDS = [
  "queues",
  "skills",
  "flows",
  "hours",
  "entry-points",
  "consent-texts",
  "canned-replies",
  "dispositions",
  "labels",
  "reasons",
  "alert-rules",
  "webhooks",
  "trunks",
  "phones",
  "ring-groups",
  "recording-rules",
];

describe("axe", () => {
  test("sign-in", async () => {
    const page = await (await stage.context()).newPage();
    await page.goto(`${stage.program.base}/app/`);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await both(page, "sign-in")).toEqual([]);
  });

  test("the desk, empty and at work", async () => {
    const agent = await stage.agent("a7");
    const found = await both(agent.page, "desk-empty");
    const visitor = await stage.visitor();
    await visitor.queue("Avocet");
    await agent.ready();
    await agent.offers.waitFor();
    found.push(...(await both(agent.page, "desk-offer")));
    await agent.accept("Avocet");
    await agent.say("Good morning");
    await visitor.bubble("Good morning").waitFor();
    found.push(...(await both(agent.page, "desk-talking")));
    await agent.page.keyboard.press("Alt+t");
    await agent.page.getByRole("dialog").waitFor();
    found.push(...(await both(agent.page, "desk-transfer")));
    await agent.page.keyboard.press("Escape");
    await agent.page.getByRole("button", { name: /^Finish/ }).click();
    await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
    found.push(...(await both(agent.page, "desk-wrap-up")));
    found.push(...(await both(visitor.page, "visitor")));
    found.push(...(await visit(agent, ["conversations", "account", "privacy/notice"])));
    expect(found).toEqual([]);
  });

  for (const name of ["administrator", "monitor", "operator", "privacy", "reseller", "supervisor"])
    test(`all that the navigation of ${name} leads to`, async () => {
      expect(await walk(await stage.agent(name))).toEqual([]);
    });

  test("a conversation", async () => {
    const agent = await stage.agent("supervisor");
    expect(await visit(agent, [await first(agent, "conversations", "interactions")])).toEqual([]);
  });

  test("the administrator's editors", async () => {
    const agent = await stage.agent("administrator");
    const found = await visit(agent, ["setup/users/new", await first(agent, "setup/users", "users")]);
    for (const kind of KINDS)
      found.push(...(await visit(agent, [await first(agent, `setup/${kind}`, kind)])));
    expect(found).toEqual([]);
  });
});
