import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, shot, Stage, until } from "./stage";

/** Whether a press in its middle reaches it. */
function onTop(element: Element): boolean {
  const box = element.getBoundingClientRect();
  const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return element.contains(hit);
}

// What the desk does for who sits at it all day.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("sign-in says beside each field what is wrong and loses nothing", async () => {
  const page = await (await stage.context()).newPage();
  await page.goto(`${stage.program.base}/app/`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await until(() => page.getByText("Please fill this in.").count()).toBe(3);
  await page.getByLabel("Organisation").fill("demo");
  await page.getByLabel("User name").fill("a7");
  await page.getByRole("textbox", { name: "Password" }).fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await until(() => page.getByLabel("Organisation").inputValue()).toBe("demo");
  await until(() => page.getByLabel("User name").inputValue()).toBe("a7");
  stage.forgive(/status of 401/);
});

test("a finish by accident is taken back, and a note is found again by its words", async () => {
  const visitor = await stage.visitor();
  await visitor.queue("Avocet");
  const agent = await stage.agent("a7");
  await agent.ready();
  await agent.accept("Avocet");
  await visitor.say("The left shoe squeaks");
  await agent.message("The left shoe squeaks").waitFor();
  await agent.page.keyboard.press("Control+Enter");
  const wrapUp = agent.page.getByRole("region", { name: "Wrap-up" });
  await wrapUp.getByRole("button", { name: "Undo" }).click();
  await agent.page.getByRole("button", { name: /^Finish/ }).waitFor();
  await agent.say("Still here");
  await visitor.bubble("Still here").waitFor();
  await agent.leave();

  await agent.page.goto(`${stage.program.base}/app/conversations?words=squeaks`);
  await agent.page.getByRole("link", { name: "Avocet" }).click();
  await agent.page.getByRole("log").getByText("The left shoe squeaks").first().waitFor();
  await shot(agent.page, "transcript");
  expect(await axe(agent.page)).toEqual([]);

  // What is looked for stands in no address, and is there again on the way back.
  const asked: string[] = [];
  agent.page.on("request", (r) => asked.push(r.url()));
  await agent.page.goBack();
  const words = agent.page.getByRole("searchbox").first();
  await until(() => words.inputValue()).toBe("squeaks");
  expect(agent.page.url()).not.toContain("squeaks");
  await words.fill("shoe squeaks");
  await words.press("Enter");
  await until(() => asked.filter((a) => a.endsWith("/interactions/search")).length).toBe(1);
  await agent.page.getByRole("link", { name: "Avocet" }).waitFor();
  expect([agent.page.url(), ...asked].join(" ")).not.toContain("squeaks");
});

test("a chosen result is there after a reload and in another tab", async () => {
  const visitor = await stage.visitor();
  await visitor.queue("Godwit");
  const agent = await stage.agent("a7");
  await agent.ready();
  await agent.accept("Godwit");
  const chosen = (of: typeof agent) =>
    of.person.getByLabel("Disposition").evaluate((s: HTMLSelectElement) => s.selectedOptions[0]!.label);
  await agent.person.getByLabel("Disposition").selectOption({ label: "Refund arranged" });
  await agent.person.getByRole("button", { name: "Late parcel" }).click();

  const second = await stage.tab(agent);
  await second.work.getByText("Godwit").click();
  await until(() => chosen(second)).toBe("Refund arranged");
  await until(() =>
    second.person.getByRole("button", { name: "Late parcel" }).getAttribute("aria-pressed"),
  ).toBe("true");
  await second.person.getByLabel("Disposition").selectOption({ label: "Invoice sent" });
  await until(() => chosen(agent)).toBe("Invoice sent");
  await agent.page.reload();
  await agent.message("AT-10552").waitFor();
  await until(() => chosen(agent)).toBe("Invoice sent");
  await second.page.close();
  await agent.leave();
});

test("an end in the middle of a sentence leaves it to the agent, and a note begun is kept", async () => {
  const first = await stage.visitor();
  await first.queue("Knot");
  const other = await stage.visitor();
  await other.queue("Ruff");
  const agent = await stage.agent("a7");
  await agent.ready();
  await agent.accept("Knot");
  await agent.accept("Ruff");
  // Ruff is open: who waits for an answer is Knot, although the assistant spoke last.
  await agent.page.keyboard.press("Alt+w");
  await agent.page.getByRole("heading", { name: "Knot", level: 1 }).waitFor();
  const address = agent.page.url();

  await agent.box.fill("I will look for the par");
  await first.page.getByRole("button", { name: "End chat" }).click();
  await first.page.getByRole("alertdialog").getByRole("button", { name: "End chat" }).click();
  const kept = agent.page.locator(".kept").filter({ hasText: "I will look for the par" });
  await kept.waitFor();
  expect(await axe(agent.page)).toEqual([]);
  await kept.getByRole("button", { name: "Keep as a note" }).click();
  await until(() => agent.box.inputValue()).toBe("I will look for the par");
  await agent.person.getByLabel("Disposition").selectOption({ label: "Answered" });
  await agent.page.getByRole("button", { name: /^Complete/ }).click();
  await agent.page.getByRole("heading", { name: "Ruff", level: 1 }).waitFor();
  await agent.leave();

  await agent.page.goto(address.replace("/desk/", "/conversations/"));
  await agent.page.getByRole("log").getByText("I will look for the par").waitFor();
});

test("the smallest screen, or the largest letters: everything is still reached", async () => {
  const agent = await stage.agent("a7", { viewport: { width: 640, height: 360 } });
  const visitor = await stage.visitor();
  await visitor.queue("Sanderling with a name that is rather long for such a screen");
  await agent.ready();
  await agent.accept("Sanderling with a name that is rather long for such a screen");
  const { page } = agent;
  await shot(page, "small-conversation");
  expect(await axe(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(640);
  for (const name of ["Consult", "Transfer", /^Finish/, "Show or hide the person", "Attach a file"])
    expect(await page.getByRole("button", { name }).evaluate(onTop)).toBe(true);

  // What rings is seen beside the conversation that is open.
  const next = await stage.visitor();
  await next.queue("Plover");
  const accept = agent.offers.filter({ hasText: "Plover" }).getByRole("button", { name: /^Accept/ });
  await accept.waitFor();
  await until(() => accept.evaluate(onTop)).toBe(true);
  await shot(page, "small-ringing");
  await agent.accept("Plover");
  await page.getByRole("link", { name: "Back to my work" }).click();
  for (const name of [/Sanderling/, /Plover/])
    expect(await agent.work.getByRole("link", { name }).evaluate(onTop)).toBe(true);
  await shot(page, "small-work");
  await agent.work.getByText("Sanderling").click();
  await page.getByRole("button", { name: /^Finish/ }).click();
  await page.getByRole("button", { name: /^Complete/ }).click();
  await agent.person.getByLabel("Disposition").selectOption({ label: "Answered" });
  await shot(page, "small-person");
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "Show or hide the person" }).click();
  await page.getByRole("button", { name: /^Complete/ }).click();
  await page.getByRole("heading", { name: "Plover", level: 1 }).waitFor();
  await page.setViewportSize({ width: 1440, height: 900 });
  await agent.leave();
});

test("a colleague who is asked reads along and answers in notes", async () => {
  const visitor = await stage.visitor();
  await visitor.queue("Curlew");
  const agent = await stage.agent("a7");
  const colleague = await stage.agent("b2");
  await agent.ready();
  await agent.accept("Curlew");
  await agent.page.keyboard.press("Alt+c");
  await agent.page.getByRole("radio", { name: /^b2/ }).check();
  await agent.page.getByLabel("Your question").fill("May it come back after 31 days?");
  await agent.page.getByRole("button", { name: "Ask" }).click();
  await colleague.work.getByRole("link", { name: /Curlew/ }).click();
  await colleague.message("May it come back after 31 days?").waitFor();
  await colleague.say("Yes, once.");
  await agent.message("Yes, once.").waitFor();
  expect(await visitor.log.innerText()).not.toContain("31 days");
  await agent.leave();
});

test("a session that ends leaves what was being written", async () => {
  const visitor = await stage.visitor();
  await visitor.queue("Dunlin");
  const agent = await stage.agent("a7");
  await agent.ready();
  await agent.accept("Dunlin");
  await agent.box.fill("Half a sentence");
  await agent.page.context().clearCookies();
  await visitor.say("Are you there?"); // the desk says that it was read, and learns that it may not
  await agent.page.getByText("Your session has ended.").waitFor();
  await shot(agent.page, "session-ended");
  await agent.enter("demo", stage.program.password("a7"));
  await agent.page.getByText("Your session has ended.").waitFor({ state: "detached" });
  await until(() => agent.box.inputValue()).toBe("Half a sentence");
  await agent.box.press("Enter");
  await visitor.bubble("Half a sentence").waitFor();
  await agent.leave();
  stage.forgive(/status of 401/);
});

test("palette, help and menus by keyboard", async () => {
  const { page } = await stage.agent("b2");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("ready");
  expect(await axe(page)).toEqual([]);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /^Your state.*Ready/ }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: /^Your state/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("ArrowDown");
  expect(await axe(page)).toEqual([]);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /^Your state.*Not ready/ }).waitFor();
});

// The last one, because it leaves two chats waiting.
test("the desk has a heading before anything is open, and two offers do not sound the same", async () => {
  const agent = await stage.agent("a7");
  const { page } = agent;
  await agent.ready();
  const heading = page.getByRole("heading", { name: "Desk", level: 1 });
  await heading.waitFor();
  for (const name of ["Rita", "Tomas", "Rita"]) await (await stage.visitor()).queue(name);
  const accept = page.getByRole("button", { name: /^Accept chat from / });
  await until(() => accept.count()).toBe(3);
  await until(() => heading.count()).toBe(1);
  expect(await axe(page)).toEqual([]);
  const said = () => page.evaluate(() => document.activeElement?.textContent?.replace(/Enter$/, "").trim());
  const heard = [];
  await accept.first().focus();
  for (let i = 0; i < 6; i++) {
    heard.push(await said());
    await page.keyboard.press("Tab");
  }
  expect(heard).toEqual(
    ["Rita, 1 of 2", "Tomas", "Rita, 2 of 2"].flatMap((n) => [
      `Accept chat from ${n}`,
      `Decline chat from ${n}`,
    ]),
  );
  await shot(page, "desk-three-offers");
  await accept.first().click();
  await page.getByRole("heading", { name: "Rita", level: 1 }).waitFor();
  await until(() => page.getByRole("heading", { level: 1 }).count()).toBe(1);
  await agent.leave();
});
