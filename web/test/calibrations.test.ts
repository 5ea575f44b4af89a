import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { axe, looks, shot, Stage } from "./stage";

// What the demonstration has of quality: an agent is told of an evaluation while it works, hears what it is
// judged on and answers; two evaluators calibrate, neither seeing the other's answers before both are done;
// a sample is drawn at once; scores are exported.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const base = () => `${stage.program.base}/app`;
const bar = (page: Page) => page.getByRole("banner").getByRole("link", { name: /^Quality/ });

/** Answers the demonstration's form: how well it listened, and whether its answer was right. */
async function fill(page: Page, listened: string, answer: string): Promise<void> {
  const yes = page.getByRole("radio", { name: "Yes", exact: true });
  await yes.first().check();
  await page.getByRole("radio", { name: listened, exact: true }).check();
  await page.getByRole("radio", { name: answer }).check();
  await page.getByRole("radio", { name: "Does not apply" }).check();
  await yes.last().check();
}

async function portuguese(page: Page): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
}

test("an agent is told of an evaluation while it works, hears the recording and answers", async () => {
  const agent = await stage.agent("a7");
  await agent.page.goto(`${base()}/desk`);
  await bar(agent.page).getByText("1 evaluation for you").waitFor();
  const found = await looks(agent.page, "judged-desk");

  // Another is completed meanwhile; nothing is loaded anew.
  const evaluator = await stage.agent("supervisor");
  const at = `${stage.program.base}/api/v1`;
  const ask = async (path: string) => (await evaluator.page.request.get(`${at}/${path}`)).json();
  const users = (await ask("users?limit=200")).items as { id: string; user_name: string }[];
  const mine = users.find((u) => u.user_name === "a7")!.id;
  const open = (await ask(`evaluations?agent=${mine}&state=completed`)).items[0];
  const post = async (path: string, data: unknown) => {
    const answer = await evaluator.page.request.post(`${at}/${path}`, {
      data,
      headers: { Origin: stage.program.base },
    });
    expect(answer.status()).toBeLessThan(300);
    return answer.json();
  };
  const made = await post("evaluations", { recording: open.recording, form: open.form });
  const answers = [
    { question: "greet", value: 1 },
    { question: "listen", value: 5 },
    { question: "right", value: 0 },
    { question: "pause", value: 0, skip: true },
    { question: "close", value: 1 },
  ];
  await post(`evaluations/${made.id}/complete`, { version: made.version, answers });
  await bar(agent.page).getByText("2 evaluations for you").waitFor();

  await bar(agent.page).click();
  await agent.page.getByText("to answer").nth(1).waitFor();
  found.push(...(await looks(agent.page, "judged-list")));
  await agent.page.locator("tbody a").first().click();
  await agent.page.getByText("100.0 % · passed").waitFor();
  const player = agent.page.getByRole("region", { name: /^Call recording/ });
  await player.getByRole("button", { name: "Listen" }).click();
  await player.getByRole("slider").waitFor();
  await agent.page.getByText(/You can answer until/).waitFor();
  found.push(...(await looks(agent.page, "judged-open")));
  await agent.page.getByRole("button", { name: "Acknowledge" }).click();
  await agent.page.getByText("You may not listen to this recording, or not any more.").waitFor();
  await bar(agent.page).getByText("1 evaluation for you").waitFor();
  await portuguese(agent.page);
  await agent.page.getByRole("heading", { name: "Avaliação", level: 1 }).waitFor();
  await shot(agent.page, "judged-open-pt");
  await agent.page.goBack();
  await agent.page.getByText("por responder").waitFor();
  await agent.page.locator("tbody a", { hasText: /./ }).nth(1).click();
  await agent.page.getByText("Pode responder até").waitFor();
  const theirs = agent.page.getByRole("region", { name: /^Gravação/ });
  await theirs.getByRole("button", { name: "Ouvir" }).click();
  await theirs.getByRole("slider").waitFor();
  await shot(agent.page, "judged-player-pt");
  found.push(...(await axe(agent.page)));
  expect(found).toEqual([]);
});

test("two calibrate blindly, and then see how far apart they are", async () => {
  const one = await stage.agent("supervisor");
  const two = await stage.agent("evaluator");
  await one.page.goto(`${base()}/quality/calibrations`);
  await one.page.getByText("1 of 2 done").waitFor();
  const found = await looks(one.page, "calibrations-list");
  await one.page.locator("tbody a").first().click();
  await one.page.getByText("Until the last is done").waitFor();
  await one.page.getByText("completed", { exact: true }).waitFor();
  expect(await one.page.getByRole("table").count()).toBe(0);
  found.push(...(await looks(one.page, "calibration-blind")));

  // The second is told, finds its own empty, and nothing of the first's.
  await bar(two.page).click();
  await two.page.getByRole("link", { name: "Calibrations" }).click();
  await two.page.locator("tbody a").first().click();
  await two.page.getByRole("link", { name: "Do yours" }).click();
  await two.page.getByRole("heading", { name: "Evaluation", level: 1 }).waitFor();
  expect(await two.page.getByRole("radio", { checked: true }).count()).toBe(0);
  await fill(two.page, "5", "right and complete");
  await two.page.getByRole("button", { name: "Complete" }).click();
  await two.page.getByText("100.0 % · passed").waitFor();

  // The first, who did nothing meanwhile, sees it.
  await one.page.getByRole("table").waitFor();
  const score = one.page.getByRole("row", { name: /^Score/ });
  const cells = (await score.getByRole("cell").allInnerTexts()).map((c) => c.replace(/\s/g, " "));
  expect(cells).toEqual(["Score", "65.6 %", "100.0 %", "34.4 %"]);
  found.push(...(await looks(one.page, "calibration-compared")));
  await portuguese(one.page);
  await one.page.getByRole("heading", { name: "Calibrações", level: 1 }).waitFor();
  await shot(one.page, "calibration-compared-pt");
  expect(found).toEqual([]);
});

test("a sample is drawn at once, and scores are exported", async () => {
  const { page } = await stage.agent("supervisor");
  await page.goto(`${base()}/setup/quality-samples`);
  await page.getByRole("link").getByText("One call of each agent").first().click();
  await page.getByRole("button", { name: "Draw now" }).waitFor();
  // All of it in view: what is under the line that saves is too near to its button for axe.
  await page.setViewportSize({ width: 1280, height: 1400 });
  await shot(page, "sample-draw");
  const found = await axe(page);
  await page.getByRole("button", { name: "Draw now" }).click();
  await page.getByText(/^(Drawn: \d+|Of this week nothing is left to be drawn\.)$/).waitFor();
  await shot(page, "sample-drawn");

  await page.goto(`${base()}/quality/scores`);
  await page.getByRole("cell", { name: "Calls with customers" }).first().waitFor();
  found.push(...(await looks(page, "scores-demo")));
  await page.getByRole("button", { name: "Export…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("A line for each").selectOption({ label: "question of each evaluation" });
  await dialog.getByLabel("Why do you export?").selectOption({ label: "Training" });
  await shot(page, "scores-export");
  found.push(...(await axe(page)));
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    dialog.getByRole("button", { name: "Save the file" }).click(),
  ]);
  const lines = readFileSync((await file.path())!, "utf8")
    .trim()
    .split("\r\n");
  expect(lines[0]).toMatch(/^evaluation,recording,/);
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.slice(1).join("\n")).not.toMatch(/(^|,)(a7|b2|d4|evaluator|supervisor)(,|$)/m); // ids alone, as asked
  await portuguese(page);
  await page.getByRole("heading", { name: "Pontuações", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Exportar…" }).click();
  await shot(page, "scores-export-pt");
  expect(found).toEqual([]);
});
