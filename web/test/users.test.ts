import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { looks, shot, Stage, until } from "./stage";

// Many users at once: by a file, by a choice in their list, and those who are yet to come.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("users are imported after a preview, changed together, and invited", async () => {
  const { page } = await stage.agent("administrator");
  await page.goto(`${stage.program.base}/app/setup/users/import`);
  await page
    .getByLabel("Or paste the table")
    .fill("user_name;roles\nraposa-7;agent\nraposa-8;monitor\na b;agent\n");
  await page.getByRole("button", { name: "See what it would do" }).click();
  await page.getByRole("row", { name: /raposa-7/ }).waitFor();
  const found = await looks(page, "users-import");
  await page.getByRole("button", { name: "Import 2 lines" }).click();
  await page.getByText("2 made, 0 changed, 0 refused.").waitFor();
  await until(() => page.getByRole("table", { name: "One-time passwords" }).getByRole("row").count()).toBe(3);
  await shot(page, "users-imported");
  await page.getByRole("button", { name: "I have them" }).click();

  await page.getByLabel("Search users").fill("raposa");
  await page.getByRole("checkbox", { name: "Choose raposa-7" }).check();
  await page.getByRole("button", { name: "Change…" }).click();
  await page.getByLabel("What to do").selectOption("lock");
  await page.getByText("1 user changes.").waitFor();
  found.push(...(await looks(page, "users-several")));
  await page.getByRole("button", { name: "Change 1 user" }).click();
  await page.getByRole("row", { name: /raposa-7.*locked/i }).waitFor();

  await page.goto(`${stage.program.base}/app/setup/users/new`);
  await page.getByLabel("User name").fill("lince-3");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const link = await page.getByRole("dialog").locator("code").first().innerText();
  await shot(page, "users-invited");

  const guest = await (await stage.context()).newPage();
  await guest.goto(link);
  await guest.getByText("lince-3").waitFor();
  expect(guest.url()).not.toContain("#");
  found.push(...(await looks(guest, "users-invitation")));
  await guest.getByLabel("Password", { exact: true }).fill("seven green bicycles");
  await guest.getByLabel("Password again").fill("seven green bicycles");
  await guest.getByRole("button", { name: "Choose and sign in" }).click();
  await guest.getByRole("banner").waitFor();
  await guest.close();
  expect(found).toEqual([]);
});
