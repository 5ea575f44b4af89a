import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Agent } from "./agent";
import { looks, shot, Stage, until } from "./stage";

// A role for some teams and queues: set on a user's page and in the table of single sign-on, and an API key of
// somebody who has one.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const api = () => `${stage.program.base}/api/v1`;
const get = async <T>(page: Page, path: string) =>
  (await (await page.request.get(`${api()}/${path}`)).json()) as T;

/** Makes a user, and answers with its id and its one-time password. */
async function create(page: Page, data: object): Promise<{ user: { id: string }; password: string }> {
  const made = await page.request.post(`${api()}/users`, { headers: { Origin: stage.program.base }, data });
  expect(made.status(), await made.text()).toBe(201);
  return (await made.json()) as { user: { id: string }; password: string };
}

async function shop(page: Page): Promise<string> {
  const { items } = await get<{ items: { id: string; name: string }[] }>(page, "teams");
  return items.find((t) => t.name === "Shop")!.id;
}

interface User {
  roles: string[];
  role_parts: Record<string, { teams?: string[]; queues?: string[] }>;
}

test("a role is given for a team on the user's page", async () => {
  const { page } = await stage.agent("administrator");
  const { user } = await create(page, { user_name: `part-${Date.now()}`, roles: ["agent"] });
  await page.goto(`${stage.program.base}/app/setup/users/${user.id}`);
  await page.getByRole("checkbox", { name: /^Supervisor/ }).focus();
  await page.keyboard.press("Space");
  const scope = page.getByRole("group", { name: "Supervisor: for what" });
  await scope.getByLabel("Some teams, queues and campaigns").check();

  // Nothing chosen is told beside it, and nothing is lost.
  await page.keyboard.press("Control+s");
  await page.getByText("Choose a team, a queue or a campaign, or give the role for everything.").waitFor();
  await until(() => scope.getByLabel("Some teams, queues and campaigns").isChecked()).toBe(true);
  const found = await looks(page, "part-user-missing");
  await page.getByRole("group", { name: "Supervisor: teams" }).getByLabel("Shop").focus();
  await page.keyboard.press("Space");
  await page.getByText("What this role then reaches").click();
  found.push(...(await looks(page, "part-user")));
  await page.keyboard.press("Control+s");
  await page.getByRole("button", { name: "Discard" }).waitFor({ state: "detached" });
  const now = await get<User>(page, `users/${user.id}`);
  expect([now.roles.toSorted(), now.role_parts["supervisor"]?.teams]).toEqual([
    ["agent", "supervisor"],
    [await shop(page)],
  ]);

  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.setViewportSize({ width: 400, height: 900 });
  await page.getByText("Algumas equipas, filas e campanhas").scrollIntoViewIfNeeded();
  await shot(page, "part-user-pt");
  await until(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
  expect(found).toEqual([]);
});

test("a value of a claim gives a role for a team, and who saved first is told beside the button", async () => {
  const { page } = await stage.agent("administrator");
  await page.goto(`${stage.program.base}/app/setup/sign-on`);
  await page.getByLabel("Name of the provider").fill("House ID");
  await page.getByRole("textbox", { name: "Issuer" }).fill("https://id.house.example");
  await page.getByRole("textbox", { name: "Client", exact: true }).fill("desk");
  await page.getByLabel("Secret").fill("a secret of the provider");
  await page.getByLabel("Claim with groups or roles").fill("groups");
  await page.getByRole("button", { name: "Add a value" }).click();
  const table = page.getByRole("group", { name: "Which value gives which role" });
  await table.getByLabel("Value").fill("Chiefs");
  await table.getByLabel("Role", { exact: true }).selectOption({ label: "Supervisor" });
  await table.getByLabel("Some teams, queues and campaigns").check();
  await table.getByRole("group", { name: "Chiefs, Supervisor: teams" }).getByLabel("Shop").check();
  const found = await looks(page, "part-claim");
  await page.setViewportSize({ width: 400, height: 900 });
  await table.scrollIntoViewIfNeeded();
  await shot(page, "part-claim-table");
  await page.setViewportSize({ width: 1280, height: 900 });

  // Somebody else saves meanwhile.
  const seen = await get<Record<string, unknown>>(page, "sign-on");
  const {
    enabled,
    name,
    issuer,
    client,
    scopes,
    name_claim,
    link,
    create,
    display,
    only,
    break_glass,
    version,
  } = seen;
  const other = await page.request.put(`${api()}/sign-on`, {
    headers: { Origin: stage.program.base },
    data: {
      ...{
        enabled,
        name,
        issuer,
        client,
        scopes,
        name_claim,
        link,
        create,
        display,
        only,
        break_glass,
        version,
      },
      ...{ name: "Another ID", issuer: "https://id.other.example", client: "desk", secret: "another secret" },
      ...{ roles_claim: "", roles: [] },
    },
  });
  expect(other.status(), await other.text()).toBe(200);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Someone else saved meanwhile").waitFor();
  stage.forgive(/status of 409/);
  await until(() => table.getByLabel("Value").inputValue()).toBe("Chiefs");
  found.push(...(await looks(page, "part-claim-overtaken")));
  await page.setViewportSize({ width: 400, height: 900 });
  await page.getByText("Someone else saved meanwhile").scrollIntoViewIfNeeded();
  await shot(page, "part-claim-overtaken-here");
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.getByRole("button", { name: "Save mine over it" }).press("Enter");
  await page.getByText("Someone else saved meanwhile").waitFor({ state: "detached" });
  await until(() => page.getByRole("button", { name: "Try it" }).isEnabled()).toBe(true);
  const now = await get<{ name: string; roles: { value: string; part?: { teams?: string[] } }[] }>(
    page,
    "sign-on",
  );
  expect([now.name, now.roles[0]?.value, now.roles[0]?.part?.teams]).toEqual([
    "House ID",
    "Chiefs",
    [await shop(page)],
  ]);
  expect(found).toEqual([]);
});

test("a key of somebody who has a role for a team has it for the team", async () => {
  const boss = (await stage.agent("administrator")).page;
  const name = `both-${Date.now()}`;
  const { password } = await create(boss, {
    user_name: name,
    roles: ["administrator", "supervisor"],
    role_parts: { supervisor: { teams: [await shop(boss)] } },
  });
  const own = new Agent(await (await stage.context()).newPage(), name);
  await own.page.goto(`${stage.program.base}/app/`);
  await own.enter("demo", password);
  await own.page.getByLabel("Current password").fill(password);
  await own.page.getByLabel("New password", { exact: true }).fill("seven green bicycles");
  await own.page.getByLabel("New password again").fill("seven green bicycles");
  await own.page.getByRole("button", { name: "Choose a new password" }).click();
  await own.page.getByRole("banner").waitFor();
  await own.page.goto(`${stage.program.base}/app/setup/api-keys`);
  await own.page.getByRole("button", { name: "Make a key" }).first().click();
  const dialog = own.page.getByRole("dialog");
  await dialog.getByLabel("What it is for").fill("Wallboard");
  await dialog.getByRole("radio", { name: "Everything that I may do" }).check();
  await dialog.getByRole("button", { name: "Make a key" }).click();
  await own.page.getByText(/^nbk_/).waitFor();
  await own.page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  const row = own.page.getByRole("row").filter({ hasText: "Wallboard" });
  await row.getByText("Supervisor (Shop)").waitFor();
  expect(await looks(own.page, "part-key")).toEqual([]);
});
