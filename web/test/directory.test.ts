import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { lasting, looks, shot, Stage, until } from "./stage";

// An organisation's own directory (SCIM): its page, and the lines that the documentation gives.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

/** The commands of the documentation, as they stand there: look, make, lock. */
const documented = (
  /```sh\n([\s\S]*?)```/.exec(
    readFileSync(fileURLToPath(new URL("../../docs/sign-in.md", import.meta.url)), "utf8"),
  )?.[1] ?? ""
)
  .split(/\n(?=curl)/)
  .map((line) => line.trim());

type Found = Record<string, unknown>;

test(
  "a directory makes and locks users, its groups give roles for a part, and an administrator's lock stays",
  {
    timeout: 900_000,
  },
  async () => {
    expect(documented.length).toBe(3);
    const { page } = await stage.agent("administrator");
    await lasting(page);
    const api = `${stage.program.base}/api/v1`;
    const put = (method: "put" | "patch", path: string, data: object) =>
      page.request[method](`${api}/${path}`, { data, headers: { Origin: stage.program.base } });
    const get = async <T>(path: string) => (await (await page.request.get(`${api}/${path}`)).json()) as T;

    await page.goto(`${stage.program.base}/app/setup/sign-on`);
    await page.getByRole("button", { name: "Make a directory key" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Make a directory key" }).click();
    const key = await page.getByRole("dialog").locator("code").innerText();
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
    const run = (command: string, id = ""): Found =>
      JSON.parse(
        execFileSync("bash", ["-c", command.replace("curl ", "curl -sS --max-time 60 ")], {
          env: { ...process.env, KEY: key, NUBITALK: stage.program.base, ID: id },
          encoding: "utf8",
        }),
      ) as Found;
    const [look = "", make = "", lock = ""] = documented;
    expect(run(look)["totalResults"]).toBe(0);
    const ana = String(run(make)["id"]);
    expect(run(look)["totalResults"]).toBe(1);
    expect(run(lock, ana)["active"]).toBe(false);
    const open = lock.replace('"value": false', '"value": true');
    expect(run(open, ana)["active"]).toBe(true);

    // A group gives a role for one team. Somebody else saves meanwhile, and nothing that was typed is lost.
    const directory = page.locator("section", {
      has: page.getByRole("heading", { name: "Directory (SCIM)" }),
    });
    const seen = await get<Found>("provisioning");
    await directory.getByRole("button", { name: "Add a group for a role" }).click();
    await directory.getByLabel("Group", { exact: true }).fill("Chiefs");
    await directory.getByLabel("Role", { exact: true }).selectOption({ label: "Supervisor" });
    await directory.getByLabel("Some teams, queues and campaigns").check();
    await directory.getByRole("group", { name: "Chiefs, Supervisor: teams" }).getByLabel("Shop").check();
    const { removal, role, roles, teams, display, email, version } = seen;
    const other = await put("put", "provisioning", {
      ...{ removal, role, roles, teams, display, email, version },
      removal: "delete",
    });
    expect(other.status()).toBe(200);
    await directory.getByRole("button", { name: "Save the directory’s rules" }).click();
    await directory.getByText("Someone else saved meanwhile").waitFor();
    stage.forgive(/status of 409/);
    await until(() => directory.getByLabel("Group", { exact: true }).inputValue()).toBe("Chiefs");
    const found = await looks(page, "directory-overtaken");
    await directory.getByRole("button", { name: "Save mine over it" }).click();
    await page.getByText("Saved. Users in groups have what these give.").waitFor();
    const now = await get<{ removal: string; roles: { value: string; part?: { teams: string[] } }[] }>(
      "provisioning",
    );
    expect([now.removal, now.roles[0]?.value, now.roles[0]?.part?.teams.length]).toEqual([
      "lock",
      "Chiefs",
      1,
    ]);

    // What was saved last is put back: the other's, and nothing is lost of what is saved anew.
    await page.getByRole("button", { name: "Undo", exact: true }).last().click();
    await page.getByText("All is as it was before.").waitFor();
    expect((await get<Found>("provisioning"))["removal"]).toBe("delete");
    await until(() => directory.getByLabel("Group", { exact: true }).count()).toBe(0);
    const before = await get<Found>("provisioning");
    const again = await put("put", "provisioning", {
      removal,
      role,
      roles: now.roles,
      teams,
      display,
      email,
      version: before["version"],
    });
    expect(again.status()).toBe(200);

    const group = make
      .replace("/Users", "/Groups")
      .replace(/-d '.*'/s, `-d '{"displayName": "Chiefs", "members": [{"value": "'$ID'"}]}'`);
    expect(run(group, ana)["displayName"]).toBe("Chiefs");
    await page.goto(`${stage.program.base}/app/setup/users?find=ana`);
    await page.getByRole("row", { name: /ana.*Supervisor \(Shop\)/ }).waitFor();
    await shot(page, "users-part");

    // An administrator's lock stays, and the page says so.
    const user = await get<{ version: number }>(`users/${ana}`);
    const locked = await put("patch", `users/${ana}`, { version: user.version, status: "locked" });
    expect(locked.status()).toBe(200);
    expect(run(open, ana)["active"]).toBe(false);
    await page.goto(`${stage.program.base}/app/setup/sign-on`);
    await page.getByText("and an administrator locked them here").waitFor();
    await page.getByRole("link", { name: "ana", exact: true }).waitFor();
    found.push(...(await looks(page, "directory-held")));
    await page.keyboard.press("Control+k");
    await page.keyboard.type("Portugu");
    await page.keyboard.press("Enter");
    await page.setViewportSize({ width: 400, height: 900 });
    await page.getByText("e um administrador bloqueou-os aqui").scrollIntoViewIfNeeded();
    await shot(page, "directory-pt");
    // What is done with a key is in reach without scrolling sideways.
    for (const what of [/^Novo segredo para/, /^Revogar/]) {
      const box = await page.getByRole("button", { name: what }).boundingBox();
      expect(box && box.x >= 0 && box.x + box.width <= 400).toBe(true);
    }
    await until(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
    expect(found).toEqual([]);
  },
);
