import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { HELP, letter, Letters, RITA } from "./letters";
import { looks, until } from "./stage";

// An agent rejects an email for a reason that an administrator made, which its sender is told; and two emails go
// on in one, whose answer refers to both.

const letters = new Letters();
const { stage, mail } = letters;

beforeAll(() => letters.open());
afterEach(() => stage.sweep());
afterAll(() => letters.close());

test("an email is rejected, and who wrote it is told", async () => {
  const agent = await letters.atWork();
  const { page } = agent;
  const found: string[] = [];
  await mail.deliver(RITA, HELP, letter("Do you repair boats?", "boat", "It leaks."));
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
  await page.keyboard.press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  await pane.getByText("It leaks.").waitFor();
  const rejecting = pane.getByRole("region", { name: "Reject this email" });
  await page.keyboard.press("Alt+r");
  await rejecting.getByText(/^There are no reasons for rejecting yet/).waitFor();

  const { page: office } = await stage.agent("administrator");
  await office.goto(`${stage.program.base}/app/setup/reject-reasons/new`);
  await office.getByLabel("Name").fill("Not for us");
  await office
    .getByRole("textbox", { name: /What the sender is told.*English/ })
    .fill("We do not repair boats.");
  await office.getByLabel("At the provider").selectOption("move");
  await office.keyboard.press("Control+s");
  await office.getByText("is missing").first().waitFor();
  stage.forgive(/status of 422/);
  await office.getByLabel("Folder").fill("Rejected");
  found.push(...(await looks(office, "reject-01-reason")));
  await office.keyboard.press("Control+s");
  await office.getByText("“Not for us” is created.").waitFor();

  await page.keyboard.press("Alt+r");
  await rejecting.waitFor({ state: "detached" });
  await page.keyboard.press("Alt+r");
  await rejecting.getByRole("radio", { name: "Not for us" }).waitFor();
  await rejecting.getByRole("button", { name: "Reject it now" }).press("Enter");
  await rejecting.getByText("Choose a reason.").waitFor();
  await rejecting.getByRole("radio", { name: "Not for us" }).press("Space");
  await rejecting.getByText("Choose a reason.").waitFor({ state: "detached" });
  await rejecting.getByText(`${RITA} is told, as by a machine:`).waitFor();
  await rejecting.getByText("We do not repair boats.").waitFor();
  await rejecting.getByText(/goes to the folder Rejected/).waitFor();
  found.push(...(await looks(page, "reject-02-before")));
  await page.keyboard.press("Enter");
  await pane.getByText(/^It is rejected in \d+ seconds?/).waitFor();
  found.push(...(await looks(page, "reject-03-held")));
  await until(async () => {
    if (await pane.getByRole("button", { name: "Do not reject it" }).isVisible())
      await page.keyboard.press("Alt+z");
    return pane.getByRole("button", { name: "Reject…" }).isVisible();
  }).toBe(true);
  expect(await mail.of(RITA)).toEqual({});

  await page.keyboard.press("Alt+r");
  await rejecting.getByRole("radio", { name: "Not for us" }).press("Space");
  await page.keyboard.press("Enter");
  await agent.work.getByText("Wrote an email").waitFor({ state: "detached" });
  await until(async () => Object.keys(await mail.of(HELP, "Rejected")).length).toBe(1);
  await until(async () => Object.keys(await mail.of(RITA)).length).toBe(1);
  const [told] = Object.values(await mail.of(RITA));
  expect(told).toMatch(/^Auto-Submitted: auto-replied/m);
  expect(told).toMatch(/^In-Reply-To: <boat@home.test>/m);
  expect(told).toContain("We do not repair boats.");
  expect(found).toEqual([]);
});

test("two emails go on in one, and are taken apart", async () => {
  const agent = await letters.atWork();
  const { page } = agent;
  const found: string[] = [];
  const before = Object.keys(await mail.of(RITA)).length;
  await mail.deliver(RITA, HELP, letter("My order", "order", "It is late."));
  await agent.offers.filter({ hasText: "Rita Reis" }).waitFor();
  await page.keyboard.press("Enter");
  const pane = page.getByRole("region", { name: "The email" }).first();
  await pane.getByText("It is late.").waitFor();
  await mail.deliver(RITA, HELP, letter("My order again", "again", "It is still late."));
  const merging = pane.getByRole("region", { name: "Merge with another" });
  const beside = pane.getByRole("region", { name: /^Also here/ });
  const other = merging.getByRole("radio", { name: /^My order again/ });
  const merge = async (name: string) => {
    // It is listed as soon as it has come.
    await until(async () => {
      if (await merging.isVisible()) await page.keyboard.press("Alt+u");
      await merging.waitFor({ state: "detached" });
      await page.keyboard.press("Alt+u");
      await merging.getByText("Loading…").waitFor({ state: "detached" });
      await merging.getByText(/There is no other email|Which email goes on here/).waitFor();
      return other.count();
    }).toBe(1);
    await other.press("Space");
    found.push(...(await looks(page, name)));
    await merging.getByRole("button", { name: "Merge them" }).press("Enter");
    await beside.getByText("It is still late.").waitFor();
  };
  await merge("merge-01-which");
  found.push(...(await looks(page, "merge-02-both")));
  await beside.getByRole("button", { name: "Undo the merge" }).press("Enter");
  await beside.waitFor({ state: "detached" });
  await merge("merge-03-again");
  await pane.getByLabel("Your answer").fill("Both are on their way.");
  await pane.getByRole("button", { name: "Send the answer" }).press("Enter");
  await until(async () => Object.keys(await mail.of(RITA)).length).toBe(before + 1);
  const answer = Object.values(await mail.of(RITA)).find((m) => m.includes("Both are on their way."))!;
  expect(answer.replace(/\r?\n[ \t]+/g, " ")).toMatch(/^References: .*<order@home.test> <again@home.test>/m);
  await agent.finish("Invoice sent");
  await until(async () => Object.keys(await mail.of(HELP)).filter((file) => file.includes("S")).length).toBe(
    2,
  );
  expect(found).toEqual([]);
});
