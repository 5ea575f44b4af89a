import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Agent } from "./agent";
import { axe, shot, Stage, until } from "./stage";

// A session ends by itself while a form is not saved: its user finds it again as it was, without its secrets,
// and nobody else does.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const ended = /^Your session has ended/;
const back = /^You had typed this when your session ended/;
const headers = () => ({ Origin: stage.program.base });
const url = (path: string) => `${stage.program.base}/api/v1/${path}`;
const body = async <T>(from: Agent, path: string) =>
  (await (await from.page.request.get(url(path))).json()) as T;

interface Skill {
  id: string;
  name: string;
  version: number;
}

/** Ends the session of an administrator from another one, which is left. */
async function end(boss: Agent): Promise<Agent> {
  const { session } = await body<{ session: string }>(boss, "me");
  const other = await stage.agent("administrator");
  const answer = await other.page.request.delete(url(`me/sessions/${session}`), { headers: headers() });
  expect(answer.status(), await answer.text()).toBe(204);
  await boss.page.getByText(ended).waitFor();
  stage.forgive(/status of 401/);
  return other;
}

/** Signs in again, and waits for the form. */
async function again(boss: Agent): Promise<void> {
  await boss.enter("demo", stage.program.password("administrator"));
  await boss.page.getByRole("status").filter({ hasText: back }).waitFor();
}

const go = (boss: Agent, path: string) => boss.page.goto(`${stage.program.base}/app/setup/${path}`);

test("a new object is typed on where its session ended, without what is secret", async () => {
  const boss = await stage.agent("administrator");
  const { page } = boss;
  await go(boss, "connections/new");
  const name = page.getByLabel("Name", { exact: true });
  await name.fill("Half a connection");
  await page.getByLabel("Address", { exact: true }).fill("https://orders.example/v1");
  await page.getByLabel("Header with the secret").fill("Authorization");
  const secret = page.getByLabel("Secret", { exact: true });
  await secret.fill("Bearer 0451");
  await end(boss);
  await again(boss);
  expect(new URL(page.url()).pathname).toBe("/app/setup/connections/new");
  expect(await name.inputValue()).toBe("Half a connection");
  expect(await page.getByLabel("Address", { exact: true }).inputValue()).toBe("https://orders.example/v1");
  expect(await secret.inputValue()).toBe("");
  expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual([]);
  await shot(page, "kept-form");
  expect(await axe(page)).toEqual([]);

  // It was given back once; a session that ends again keeps what is there then.
  await name.fill("Half a connection more");
  await end(boss);
  await again(boss);
  expect(await name.inputValue()).toBe("Half a connection more");
  await secret.fill("Bearer 0451");
  await page.keyboard.press("Control+s");
  await page.getByText("“Half a connection more” is created.").waitFor();
  await until(() => page.getByRole("status").filter({ hasText: back }).count()).toBe(0);
});

test("who signs out and then stays for what is typed finds it after signing in again", async () => {
  const boss = await stage.agent("administrator");
  const { page } = boss;
  const signOut = async () => {
    await page.keyboard.press("Control+k");
    await page.keyboard.type("Sign out");
    await page.getByRole("option", { name: "Sign out" }).first().waitFor();
    await page.keyboard.press("Enter");
  };
  await go(boss, "skills/new");
  const name = page.getByLabel("Name", { exact: true });
  await name.pressSequentially("Half a skill");

  // While the server is away nobody is signed out, and nothing is lost.
  await page.route("**/api/v1/sign-out", (route) => route.abort(), { times: 1 });
  await signOut();
  await page.getByRole("alert").filter({ hasText: "cannot be reached" }).waitFor();
  stage.forgive(/ERR_FAILED/);
  expect(await name.inputValue()).toBe("Half a skill");
  expect((await page.request.get(url("me"))).status()).toBe(200);

  const asked = page.waitForEvent("dialog");
  await signOut();
  const dialog = await asked;
  expect(dialog.type()).toBe("beforeunload");
  stage.forgive(/^dialog in /); // which it answers by staying
  expect((await page.request.get(url("me"))).status()).toBe(401);
  // Nothing can be done there without a session: the page goes by itself, and asks no more.
  await page.getByText(ended).waitFor();
  stage.forgive(/status of 401|WebSocket connection to/);
  await again(boss);
  expect(await name.inputValue()).toBe("Half a skill");
});

test("another user who signs in at the same place finds nothing of a form", async () => {
  const boss = await stage.agent("administrator");
  await go(boss, "users/new");
  await boss.page.getByLabel("User name", { exact: true }).fill("plover-2");
  await end(boss);
  const held = () =>
    boss.page.evaluate(() =>
      [
        JSON.stringify({ ...sessionStorage }),
        JSON.stringify({ ...localStorage }),
        document.body.innerHTML,
      ].join(),
    );
  expect(await held()).not.toContain("plover-2");
  const other = new Agent(boss.page, "supervisor");
  await other.enter("demo", stage.program.password("supervisor"));
  await boss.page.getByRole("banner").waitFor();
  await until(() => boss.page.evaluate(() => Object.keys(sessionStorage))).toEqual([]);
  await go(boss, "users/new");
  await boss.page.getByRole("heading", { level: 1 }).waitFor();
  expect(await held()).not.toContain("plover-2");
  expect(await boss.page.getByText(back).count()).toBe(0);
});

test("a user and the rules are typed on", async () => {
  const boss = await stage.agent("administrator");
  const { page } = boss;
  await go(boss, "users/new");
  const name = page.getByLabel("User name", { exact: true });
  await name.fill("dotterel-4");
  await end(boss);
  await again(boss);
  expect(await name.inputValue()).toBe("dotterel-4");
  await name.fill(""); // so that nothing is to be asked when it is left
  await page.goto("about:blank");

  await go(boss, "rules");
  const days = page.getByLabel(/^The audit log is kept for/);
  await days.fill("401");
  await end(boss);
  await again(boss);
  expect(await days.inputValue()).toBe("401");
  await page.getByRole("button", { name: "Discard" }).click();
  await until(() => days.inputValue()).not.toBe("401");
  expect(await page.getByText(back).count()).toBe(0);
});

test("who changed it meanwhile is not overwritten", async () => {
  const boss = await stage.agent("administrator");
  const { page } = boss;
  const made = await page.request.post(url("skills"), { headers: headers(), data: { name: "Wading" } });
  expect(made.status(), await made.text()).toBe(201);
  const { id, version } = (await made.json()) as Skill;
  await go(boss, `skills/${id}`);
  const name = page.getByLabel("Name", { exact: true });
  await until(() => name.inputValue()).toBe("Wading");
  await name.fill("Wading in mud");
  const other = await end(boss);
  const changed = await other.page.request.put(url(`skills/${id}`), {
    headers: headers(),
    data: { name: "Wading far", version },
  });
  expect(changed.status(), await changed.text()).toBe(200);
  await again(boss);
  expect(await name.inputValue()).toBe("Wading in mud");
  await page.keyboard.press("Control+s");
  await page.getByRole("button", { name: "Save mine over it" }).waitFor();
  stage.forgive(/status of 409/);
  expect((await body<Skill>(other, `skills/${id}`)).name).toBe("Wading far");
  await page.getByRole("button", { name: "Save mine over it" }).click();
  await page.getByText("“Wading in mud” is saved.").waitFor();
  expect((await body<Skill>(other, `skills/${id}`)).name).toBe("Wading in mud");
});
