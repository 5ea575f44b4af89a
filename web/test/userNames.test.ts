import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, holes, shot, Stage, until } from "./stage";

// A user name and nothing else is enough: all these tests run with users who have no more (program.ts), and no
// page has a hole where a name could stand (here and in pages.test.ts).

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

interface User {
  id: string;
  user_name: string;
  profile: { display_name: string; email: string; phone: string };
}

test("no user of these tests has more than a user name", async () => {
  for (const name of ["operator", "reseller", "administrator", "administrador"]) {
    const { page } = await stage.agent(name);
    const answer = await page.request.get(`${stage.program.base}/api/v1/users?limit=200`);
    expect(answer.status(), name).toBe(200);
    const { items } = (await answer.json()) as { items: User[] };
    expect(items.map((u) => u.user_name)).toContain(name);
    for (const user of items)
      expect({ name: user.user_name, ...user.profile }).toEqual({
        name: user.user_name,
        display_name: "",
        email: "",
        phone: "",
      });
  }
});

test("an agent's work, and whom to pass it to", async () => {
  const agent = await stage.agent("a7");
  const { page } = agent;
  const colleagues = [await stage.agent("d4"), await stage.agent("b2")];
  for (const colleague of colleagues) await colleague.state("Lunch");
  const visitor = await stage.visitor();
  await visitor.queue("Whimbrel");
  await agent.ready();
  await agent.accept("Whimbrel");
  await visitor.log.getByText("a7 joined").waitFor();
  await until(() => holes(page)).toEqual([]);
  for (const key of ["Alt+t", "Alt+c"]) {
    await page.keyboard.press(key);
    const dialog = page.getByRole("dialog");
    await until(() => dialog.getByText(/^[a-f]\d$/).allInnerTexts()).toEqual(["b2", "d4"]);
    await until(() => holes(page)).toEqual([]);
    await shot(page, `user-names-${key.replace("+", "-").toLowerCase()}`);
    await page.keyboard.press("Escape");
  }
  await agent.finish("Invoice sent");
  for (const colleague of colleagues) await colleague.state("Offline");
  await agent.leave();
});

test("pages about people have their user names", async () => {
  const { page } = await stage.agent("administrator");
  const at = (path: string) => page.goto(`${stage.program.base}/app/${path}`);
  const id = async (kind: string, called: string) => {
    const answer = await page.request.get(`${stage.program.base}/api/v1/${kind}`);
    const { items } = (await answer.json()) as { items: { id: string; user_name?: string; name?: string }[] };
    return items.find((one) => (one.user_name ?? one.name) === called)!.id;
  };
  await at("setup/users");
  const rows = page.locator("tbody tr");
  await until(() => rows.count()).toBeGreaterThan(5);
  await shot(page, "user-names-list");
  expect(await axe(page)).toEqual([]);
  for (const [path, says] of [
    [`setup/users/${await id("users", "a7")}`, /^a7/],
    [`setup/queues/${await id("queues", "Billing")}`, /Billing/],
    ["setup/alert-rules/new", /alert/i],
    ["setup/users/new", /user/i],
  ] as const) {
    await at(path);
    await page.getByRole("heading", { level: 1, name: says }).waitFor();
    await page.waitForLoadState("networkidle");
    await until(() => holes(page), path).toEqual([]);
    await shot(page, `user-names-${path.split("/")[1]}-one`);
  }
});

test("a supervisor's room, in Portuguese too", async () => {
  const agent = await stage.agent("a7");
  const { page } = await stage.agent("supervisor");
  await agent.ready();
  await page.goto(`${stage.program.base}/app/room`);
  await page.getByRole("button", { name: /^a7/ }).click();
  await page.getByRole("dialog", { name: "a7" }).getByRole("region", { name: "Skills" }).waitFor();
  await until(() => holes(page)).toEqual([]);
  await shot(page, "user-names-agent");
  await page.keyboard.press("Escape");
  await page.evaluate(() => localStorage.setItem("nubitalk.preferences", '{"language":"pt"}'));
  for (const path of ["room", "conversations", "quality", "quality/scores", "quality/calibrations"]) {
    await page.goto(`${stage.program.base}/app/${path}`);
    await page.getByRole("heading").first().waitFor();
    await page.waitForLoadState("networkidle");
    await until(() => holes(page), path).toEqual([]);
    await shot(page, `user-names-pt-${path.replace("/", "-")}`);
  }
  await agent.leave();
});
