import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { axe, scheme, shot, Stage, until } from "./stage";

// The drawn flow editor.

const stage = new Stage();
let page: Page;

beforeAll(() => stage.open());
beforeEach(async () => {
  page = (await stage.agent("administrator", { viewport: { width: 1280, height: 900 } })).page;
});
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const go = (path: string) => page.goto(`${stage.program.base}/app/${path}`);
const drawing = () => page.getByRole("group", { name: "Drawing" });
const step = (name: string) => drawing().locator(`[data-step="${name}"]`);
const panel = () => page.getByRole("complementary", { name: "About the flow" });
const repair = () => panel().locator(".repair");
const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
/** Opens a flow of the demonstration. */
async function open(name: string) {
  await go("setup/flows");
  await page.getByRole("link", { name }).click();
  await step("topic").waitFor();
}
const graph = async () => {
  await press("Text");
  const words = await page.getByLabel("Flow as text").inputValue();
  await press("Drawing");
  return JSON.parse(words) as {
    start: string;
    nodes: Record<string, { next?: string; at?: { x: number; y: number } }>;
  };
};

test("a flow is drawn, its faults stand beside the step, and it is published", async () => {
  await go("setup/flows/new");
  await page.getByLabel("Name", { exact: true }).fill("Night");
  await press("Start with the simplest flow");
  await step("hello").waitFor();
  await repair().getByText("Nothing is wrong").waitFor();
  await page.keyboard.press("Control+s");
  await page.getByText("“Night” is created.").waitFor();
  await page.getByText("What is drawn is what runs.").waitFor();

  await page.getByRole("button", { name: /^Add: Ask\./ }).click();
  await repair().getByText("cannot be reached").first().waitFor({ state: "detached" });
  await repair().getByText("What to repair").waitFor();
  await until(() => step("ask").getAttribute("class")).toContain("bad");
  await panel().getByLabel("English").first().fill("What is it about?");
  await panel().getByLabel("Portuguese").first().fill("De que se trata?");
  const choice = panel().getByRole("group", { name: /^Choice 1/ });
  await choice.getByLabel("English").fill("A bill");
  await choice.getByLabel("Portuguese").fill("Uma fatura");
  await until(() => choice.getByLabel("Goes on to").getAttribute("aria-invalid")).toBe("true");
  await shot(page, "flow-faults");
  expect(await axe(page)).toEqual([]);
  await choice.getByLabel("Goes on to").selectOption("wait");
  await until(() => choice.getByLabel("Goes on to").getAttribute("aria-invalid")).toBe(null);
  await until(() => page.getByRole("button", { name: "Publish" }).isDisabled()).toBe(true);

  // A draft is saved as it is; what runs stays.
  await page.keyboard.press("Control+s");
  await page.getByText("“Night” is saved.").waitFor();
  await page.getByText("This is a draft.").waitFor();

  // By pulling a line from the port of one step to another.
  const port = (await step("hello").locator("[data-out=next]").boundingBox())!;
  const to = (await step("ask").boundingBox())!;
  await page.mouse.move(port.x + 12, port.y + 12);
  await page.mouse.down();
  await page.mouse.move(to.x + 40, to.y + 20, { steps: 5 });
  await page.mouse.up();
  await repair().getByText("Nothing is wrong").waitFor();
  expect((await graph()).nodes.hello!.next).toBe("ask");
  await press("Publish");
  await page.getByText("What is drawn is what runs.").waitFor();

  await press("Versions");
  const versions = panel().getByRole("list", { name: "Versions" });
  await versions.getByText("Version 3", { exact: false }).waitFor();
  await until(() => versions.innerText()).toContain("New step ask (Ask)");
  await shot(page, "flow-versions");
  expect(await axe(page)).toEqual([]);
  await press("Run this version again");
  await page.getByText("Version 1 runs again.").waitFor();
  await until(() => step("ask").count()).toBe(0);
});

test("what is saved while the save before it ends is saved after it", async () => {
  await go("setup/flows/new");
  await page.getByLabel("Name", { exact: true }).fill("Evening");
  await press("Start with the simplest flow");
  await step("hello").waitFor();
  await repair().getByText("Nothing is wrong").waitFor();
  await page.keyboard.press("Control+s");
  await page.getByText("What is drawn is what runs.").waitFor();
  // Who has just typed need not wait until it was looked at for faults: then it is published, if there are none.
  const looks = () => {
    let done = () => {};
    const look = new Promise<void>((free) => (done = free));
    return { look, done };
  };
  let now = looks();
  await page.route("**/api/v1/flows/check", async (route) => {
    await now.look;
    await route.fallback();
  });
  await step("hello").click();
  const words = panel().getByLabel("English").first();
  await words.fill("");
  await press("Publish");
  now.done();
  await until(() => words.getAttribute("aria-invalid")).toBe("true");
  await until(() => page.getByRole("button", { name: "Publish" }).isDisabled()).toBe(true);
  await shot(page, "flow-published-with-a-fault");
  now = looks();
  await words.fill("Good evening!");
  let end = () => {};
  const held = new Promise<void>((free) => (end = free));
  await page.route(/\/api\/v1\/flows(\?|$)/, async (route) => {
    await held;
    await route.fallback();
  });
  const stored = page.waitForResponse((answer) => answer.request().method() === "PUT");
  await press("Publish");
  now.done();
  await stored;
  await press("Versions");
  await panel().getByRole("list", { name: "Versions" }).getByText("Version 2", { exact: false }).waitFor();
  await press("Run this version again");
  end();
  await page.getByText("Version 1 runs again.").waitFor();
  await until(() => step("hello").innerText()).toContain("An agent will be with you soon");
});

test("the flow of the shop is walked in the browser, by text and by keys", async () => {
  await open("Shop welcome");
  await shot(page, "flow-shop");
  expect(await axe(page)).toEqual([]);
  await press("Try it");
  await press("Begin");
  const log = panel().getByRole("log");
  await log.getByText("Hello Rita").waitFor();
  await until(() => step("topic").getAttribute("class")).toContain("here");
  // What is said while an answer is on its way waits its turn.
  let answerNow = () => {};
  const held = new Promise<void>((free) => (answerNow = free));
  await page.route(
    "**/api/v1/flows/try",
    async (route) => {
      await held;
      await route.continue();
    },
    { times: 1 },
  );
  await press("An order or a bill");
  await panel().getByLabel("Your answer").fill("9-1044");
  await page.keyboard.press("Enter");
  await log.getByText("9-1044").waitFor();
  answerNow();
  await log.getByText("Now waits in Billing.").waitFor();
  await until(() => panel().innerText()).toMatch(/priority\s+7/);
  await until(() => step("billing").getAttribute("class")).toContain("here");
  await shot(page, "flow-try");
  expect(await axe(page)).toEqual([]);

  await panel().getByLabel("Opening hours").selectOption("closed");
  await panel().getByLabel("Language", { exact: true }).selectOption("pt");
  await press("Begin again");
  await log.getByText("A nossa oficina está fechada.").waitFor();
  await press("Send the form");
  await log.getByText("Now waits in Sales.").waitFor();

  await panel().getByLabel("Opening hours").selectOption("open");
  await panel().getByLabel("As", { exact: true }).selectOption("voice");
  await press("Begin again");
  await panel()
    .getByRole("button", { name: /^3\s*Encomenda/ })
    .click();
  await panel().getByRole("button", { name: "Let the time pass (120 s)" }).click();
  await log.getByText("Now waits in Billing.").waitFor();
});

test("everything is done by keyboard: add, connect, move, copy, undo", async () => {
  await open("Telephone");
  await step("topic").focus();
  await page.keyboard.press("Enter");
  await until(() => page.evaluate(() => document.activeElement?.tagName)).toBe("INPUT");
  await step("topic").focus();
  const before = await graph();
  await step("topic").focus();
  await page.keyboard.press("ArrowRight");
  await until(() => page.evaluate(() => (document.activeElement as HTMLElement).dataset.step)).not.toBe(
    "topic",
  );
  await step("topic").focus();
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  const moved = await graph();
  expect(before.nodes.topic!.at).toBeUndefined();
  expect(moved.nodes.topic!.at).toBeDefined();
  await step("topic").focus();
  await page.keyboard.press("Control+d");
  await step("topic_2").waitFor();
  await page.keyboard.press("Control+z");
  await until(() => step("topic_2").count()).toBe(0);
  await page.keyboard.press("Control+Shift+Z");
  await step("topic_2").waitFor();
  await step("topic_2").focus();
  await page.keyboard.press("Delete");
  await until(() => step("topic_2").count()).toBe(0);

  // A new step from the field of another, in the list.
  await press("List");
  const list = page.getByRole("list", { name: "Steps" });
  await shot(page, "flow-list");
  expect(await axe(page)).toEqual([]);
  await list.locator("[data-list-step=greet]").focus();
  await page.keyboard.press("Enter");
  await panel().getByLabel("Goes on to").selectOption("+say");
  await list.locator("[data-list-step=say]").waitFor();
  await until(() => panel().getByLabel("Name of the step").inputValue()).toBe("say");
  await panel().getByLabel("Name of the step").fill("hint");
  await page.keyboard.press("Tab");
  await list.locator("[data-list-step=hint]").waitFor();
  expect((await graph()).nodes.greet!.next).toBe("hint");
  await press("Drop the draft");
  expect(await graph()).toEqual(before);
});

test("a step that looks at the wait is tried with a made-up one", async () => {
  await open("Telephone");
  await step("greet").click();
  await panel().getByLabel("Goes on to").selectOption("+wait");
  await step("wait").waitFor();
  await panel().getByLabel("Queue", { exact: true }).selectOption({ label: "Sales" });
  await panel().getByLabel("English").fill("You are number {{place}}, about {{minutes}} minutes.");
  await panel().getByLabel("Portuguese").fill("Tem o lugar {{place}}, cerca de {{minutes}} minutos.");
  await panel().getByLabel("Goes on to").selectOption("topic");
  await repair().getByText("Nothing is wrong").waitFor();
  await press("Try it");
  await panel().getByLabel("Wait in minutes").fill("12");
  await press("Begin");
  await panel().getByRole("log").getByText("You are number 3, about 12 minutes.").waitFor();
  await shot(page, "flow-wait");
  expect(await axe(page)).toEqual([]);
  await press("Discard");
});

test("a flow runs another, with a way for each of its ends", async () => {
  await go("setup/flows/new");
  await page.getByLabel("Name", { exact: true }).fill("Who is it");
  await press("Text");
  await page.getByLabel("Flow as text").fill(
    JSON.stringify({
      start: "ask",
      takes: ["shop"],
      nodes: {
        ask: {
          type: "collect",
          into: "number",
          text: { en: "Your number at {{shop}}?", pt: "O seu número na {{shop}}?" },
          next: "check",
        },
        check: { type: "branch", cases: [{ if: 'attr.number startsWith "9"', next: "known" }], next: "back" },
        known: { type: "return", end: "known" },
        back: { type: "return" },
      },
    }),
  );
  await press("Drawing");
  await repair().getByText("Nothing is wrong").waitFor();
  await page.getByLabel("What this flow takes").waitFor();
  await shot(page, "flow-inner");
  await page.keyboard.press("Control+s");
  await page.getByText("“Who is it” is created.").waitFor();

  await go("setup/flows/new");
  await page.getByLabel("Name", { exact: true }).fill("Front door");
  await press("Start with the simplest flow");
  await step("hello").click();
  await panel().getByLabel("Goes on to").selectOption("+ Run a flow");
  await step("sub_flow").waitFor();
  await panel().getByLabel("Flow", { exact: true }).selectOption("Who is it");
  await panel().getByText("It takes {{shop}} from this flow.").waitFor();
  await panel()
    .getByText(/takes {{shop}}; no step of this flow sets it/)
    .first()
    .waitFor();
  const ends = panel().getByRole("region", { name: "Where its ends lead" });
  await ends.getByLabel("Goes on to").selectOption("wait · Queue");
  await panel().getByLabel("other ends goes on to").selectOption("+ End");
  await press("Arrange");
  await step("hello").focus();
  await page.keyboard.press("Enter");
  await panel().getByLabel("Goes on to").selectOption("+ Set");
  await panel().getByRole("button", { name: "Add a value" }).click();
  await panel().getByLabel("Name of value 1").fill("shop");
  await panel().getByLabel("Value 1", { exact: true }).fill("the shop");
  await panel().getByLabel("Goes on to").selectOption("sub_flow · Run a flow");
  await repair().getByText("Nothing is wrong").waitFor();
  await press("Arrange");
  await step("sub_flow").focus();
  await page.keyboard.press("Enter");
  await shot(page, "flow-runs-another");
  expect(await axe(page)).toEqual([]);
  await press("Try it");
  await press("Begin");
  const log = panel().getByRole("log");
  await log.getByText("Your number at the shop?").waitFor();
  await panel().getByText("Now at ask of “Who is it”").waitFor();
  await until(() => step("sub_flow").getAttribute("class")).toContain("here");
  await panel().getByLabel("Your answer").fill("9-1");
  await page.keyboard.press("Enter");
  await log.getByText(/^Now waits in /).waitFor();
  await shot(page, "flow-try-another");
  await page.keyboard.press("Control+s");
  await page.getByText("“Front door” is created.").waitFor();
});

test("a step works values out, and says which line is wrong", async () => {
  await go("setup/flows/new");
  await page.getByLabel("Name", { exact: true }).fill("Sums");
  await press("Start with the simplest flow");
  await step("hello").click();
  await panel().getByLabel("Goes on to").selectOption("+ Work out");
  await panel()
    .getByLabel("Lines")
    .fill("count = 3\ntotal = decimals(int(attr.count) * 1.5, 2)\nbad = nothing(1)");
  await panel().getByText("1 line is wrong.").waitFor();
  await panel()
    .getByText(/nothing is not known \(column 7\)/)
    .first()
    .waitFor();
  await panel().getByRole("button", { name: "What a line may do" }).click();
  await shot(page, "flow-script");
  expect(await axe(page)).toEqual([]);
  await panel()
    .getByRole("button", { name: /^Line 3: bad/ })
    .focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type('weekend = weekdayOf(attr.day) in [0, 6] ? "yes" : "no"');
  await panel()
    .getByText(/attr.day, which no step of this flow sets/)
    .first()
    .waitFor();
  await panel()
    .getByRole("button", { name: /^Line 3: weekend/ })
    .click();
  await page.keyboard.type('weekend = weekdayOf(attr.name) in [0, 6] ? "yes" : "no"');
  await panel().getByLabel("Goes on to").first().selectOption("wait · Queue");
  await panel().getByLabel("failed goes on to").selectOption("+ End");
  await repair().getByText("Nothing is wrong").waitFor();
  await press("Try it");
  await panel().getByLabel("Known at the beginning").fill("name = 2026-11-29");
  await panel().getByLabel("The person's name").fill("");
  await press("Begin");
  await panel().getByRole("log").getByText("Now waits in").waitFor();
  await until(() => panel().innerText()).toMatch(/total\s+4\.50\s+weekend\s+yes/);
  await panel().getByLabel("The person's name").fill("Rita");
  await press("Begin again");
  await panel().getByRole("log").getByText("The contact is over.").waitFor();
  await shot(page, "flow-script-failed");
  await page.keyboard.press("Control+s");
  await page.getByText("“Sums” is created.").waitFor();
});

test("today's counts stand on the ways, and who stands where on the steps", async () => {
  const visitor = await stage.visitor();
  await visitor.start("Rita");
  await open("Shop welcome");
  await press("Today");
  await until(() => step("topic").locator(".stand").innerText()).toMatch(/^1/);
  await until(() => step("greet").locator(".count").innerText()).toMatch(/^[1-9]/);
  await page.getByText(/^Counted since/).waitFor();
  await shot(page, "flow-today");
  expect(await axe(page)).toEqual([]);
});

test("what was not saved is there again after the page was closed", async () => {
  await open("Out of hours");
  await step("greet").click();
  await panel().getByLabel("English").fill("Hello again.");
  await page.getByText("Not saved yet.").waitFor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByText(/There is work of .* that was not saved/).waitFor();
  await shot(other, "flow-kept");
  await other.getByRole("button", { name: "Go on with it" }).click();
  await other.locator('[data-step="greet"]').click();
  await until(() => other.getByLabel("English").inputValue()).toBe("Hello again.");
  await other.getByRole("button", { name: "Discard" }).click();
  await other.close();
});

test("it fits a narrow screen, the dark, and Portuguese", async () => {
  const narrow = (
    await stage.agent("administrator", { viewport: { width: 400, height: 800 }, colorScheme: "dark" })
  ).page;
  await narrow.goto(`${stage.program.base}/app/setup/flows`);
  await narrow.getByRole("link", { name: "Shop welcome" }).click();
  await narrow.locator("[data-step=topic]").waitFor();
  await until(() => narrow.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await shot(narrow, "flow-narrow");
  await narrow.evaluate(() => (document.documentElement.dataset.theme = "dark"));
  await narrow.locator("[data-step=topic]").click();
  await narrow.getByLabel("Name of the step").scrollIntoViewIfNeeded();
  await shot(narrow, "flow-narrow-step");
  expect(await axe(narrow)).toEqual([]);

  await open("Shop welcome");
  await page.evaluate(() => (document.documentElement.dataset.theme = "dark"));
  await step("topic").click();
  await shot(page, "flow-dark");
  expect(await axe(page)).toEqual([]);

  await page.evaluate(() => localStorage.setItem("nubitalk.preferences", '{"language":"pt"}'));
  await page.reload();
  await page.locator("[data-step=topic]").click();
  await page.getByLabel("Nome do passo").waitFor();
  await shot(page, "flow-pt");
  expect(await axe(page)).toEqual([]);
});

test("a step pauses the recording: its fields, its faults, and tried", async () => {
  await open("Telephone");
  await step("greet").click();
  await panel().getByLabel("Goes on to").selectOption("+recording");
  await step("recording").waitFor();
  await until(() => step("recording").innerText()).toContain("Pause");
  const why = panel().getByLabel("Why", { exact: false });
  await why.fill("4929");
  await panel().getByText("must be a word of 1 to 32 small letters").first().waitFor();
  await until(() => why.getAttribute("aria-invalid")).toBe("true");
  await shot(page, "flow-recording-fault");
  expect(await axe(page)).toEqual([]);
  await why.fill("card");
  await panel().getByLabel("Goes on to").selectOption("topic");
  await repair().getByText("Nothing is wrong").waitFor();
  await until(() => step("recording").innerText()).toContain("card");
  await press("Try it");
  await panel().getByLabel("As", { exact: true }).selectOption("voice");
  await press("Begin");
  await panel().getByRole("log").getByText("The recording would be paused from here.").waitFor();
  await shot(page, "flow-recording-try");
  expect(await axe(page)).toEqual([]);
  await step("recording").click();
  await panel().getByLabel("What is done").selectOption("stop");
  await until(() => step("recording").innerText()).toContain("Stop");
  await scheme(page, "dark");
  await page.setViewportSize({ width: 400, height: 900 });
  await why.scrollIntoViewIfNeeded();
  await shot(page, "flow-recording-400-dark");
  expect(await axe(page)).toEqual([]);
  await scheme(page, "light");
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.getByText("O que se faz").waitFor();
  await shot(page, "flow-recording-pt");
  expect(await axe(page)).toEqual([]);
});
