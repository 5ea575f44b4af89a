import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, shot, Stage, until } from "./stage";

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
  expect(await page.getByLabel("Organisation").inputValue()).toBe("demo");
  expect(await page.getByLabel("User name").inputValue()).toBe("a7");
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
  await agent.page.getByRole("textbox", { name: "Password" }).fill(stage.program.password("a7"));
  await agent.page.getByRole("button", { name: "Sign in" }).click();
  await agent.page.getByText("Your session has ended.").waitFor({ state: "detached" });
  expect(await agent.box.inputValue()).toBe("Half a sentence");
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
