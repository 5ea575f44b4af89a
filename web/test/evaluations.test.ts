import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, looks, shot, Stage } from "./stage";

// A supervisor makes a form, evaluates the demonstration's recording beside the player, and shares it; its
// agent reads the score, hears the moment that was commented on, and disputes it; a privacy officer sees and
// ends a legal hold.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a recording is evaluated, shared, answered and held", async () => {
  const { page } = await stage.agent("supervisor");
  const base = `${stage.program.base}/app`;
  await page.goto(`${base}/setup/quality-forms/new`);
  await page.getByLabel("Name", { exact: true }).fill("Calls");
  for (const [n, words] of ["Did it greet?", "How was the tone?"].entries()) {
    await page.getByRole("button", { name: "Add a question" }).click();
    await page.getByLabel("Question", { exact: true }).nth(n).fill(words);
  }
  await page.getByLabel("Answered by").nth(1).selectOption({ label: "A scale" });
  const found = await looks(page, "evaluation-form");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Calls", { exact: true }).first().waitFor();

  await page.goto(`${base}/conversations`);
  await page.getByLabel("Recording", { exact: true }).selectOption({ label: "Recorded" });
  await page.getByRole("img", { name: "Recorded" }).nth(1).waitFor();
  await page.locator("tbody a").first().click();
  const interaction = async () => page.url().split("/").at(-1)!;
  await page.getByRole("region", { name: /^Call recording/ }).waitFor();
  const at = `${stage.program.base}/api/v1`;
  const work = await (await page.request.get(`${at}/interactions/${await interaction()}`)).json();
  const users = await (await page.request.get(`${at}/users?limit=200`)).json();
  const agent: string = users.items.find((u: { id: string }) => u.id === work.interaction.agent).user_name;

  // Shared with the agent, by name.
  await page.getByRole("button", { name: "Share…" }).click();
  await page.getByRole("checkbox", { name: agent, exact: true }).check();
  await page.getByRole("dialog").getByRole("button", { name: "Share", exact: true }).click();
  await page.getByText(/Its address: .*\/app\/recording\/rec_/).waitFor();
  await shot(page, "evaluation-share");
  found.push(...(await axe(page)));
  await page.keyboard.press("Escape");
  // Held.
  await page.getByRole("button", { name: "Legal hold…" }).click();
  await page.getByLabel("Number of the case").fill("2026/114");
  await shot(page, "evaluation-hold");
  found.push(...(await axe(page)));
  await page.getByRole("button", { name: "Place the hold" }).click();
  await page.getByText("on legal hold").waitFor();

  await page.getByRole("button", { name: "Evaluate…" }).click();
  await page.getByRole("dialog").getByLabel("Form").selectOption({ label: "Calls" });
  await shot(page, "evaluation-begin");
  found.push(...(await axe(page)));
  await page.getByRole("button", { name: "Begin" }).click();
  await page.getByRole("heading", { name: "Evaluation", level: 1 }).waitFor();
  const player = page.getByRole("region", { name: /^Call recording/ });
  await player.getByRole("button", { name: "Listen" }).click();
  const place = player.getByRole("slider");
  await place.waitFor();
  await place.focus();
  for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowRight"); // 20 seconds
  await page.getByLabel("Comment at 0:20").fill("Here it explains well.");
  await page.getByRole("button", { name: "Add at 0:20" }).click();
  await page.getByRole("radio", { name: "Yes", exact: true }).check();
  await page.getByRole("radio", { name: "3", exact: true }).check();
  await page.getByText("75.0 %").waitFor();
  await page.getByLabel("Comment", { exact: true }).fill("Calm and clear.");
  found.push(...(await looks(page, "evaluation-filled")));
  await page.keyboard.press("Home");
  await page.getByRole("button", { name: "Go to 0:20" }).click();
  expect(Number(await place.getAttribute("aria-valuenow"))).toBe(20);
  await page.getByRole("button", { name: "Complete" }).click();
  await page.getByText("75.0 % · failed").waitFor();
  await page.getByText("50.0 % of the weight").waitFor();

  // The agent.
  const theirs = await stage.agent(agent);
  await theirs.page.goto(`${base}/quality`);
  await theirs.page.locator("tbody a").first().click();
  await theirs.page.getByText("Here it explains well.").waitFor();
  await theirs.page.getByRole("button", { name: "Listen" }).waitFor(); // it was shared
  await theirs.page.getByLabel("Your word to it").fill("The line was bad.");
  found.push(...(await looks(theirs.page, "evaluation-own")));
  await theirs.page.getByRole("button", { name: "Dispute" }).click();
  await theirs.page.getByText("The line was bad.").waitFor();
  await theirs.page.goto(`${base}/quality/shared`);
  await theirs.page.locator("tbody a").first().click();
  await theirs.page.getByRole("button", { name: "Listen" }).click();
  await theirs.page.getByRole("slider").waitFor();
  await shot(theirs.page, "evaluation-shared");
  found.push(...(await axe(theirs.page)));

  // Settled; in Portuguese.
  await page.reload();
  await page.getByText("The line was bad.").waitFor();
  await page.getByRole("radio", { name: "4", exact: true }).check();
  await page.getByLabel("Answer to the dispute").fill("You are right.");
  await page.getByRole("button", { name: "Settle" }).click();
  await page.getByText("87.5 % · passed").waitFor();
  await page.goto(`${base}/quality/scores`);
  await page.getByLabel("Form", { exact: true }).selectOption({ label: "Calls" });
  await page.getByText("87.5 %").first().waitFor();
  found.push(...(await looks(page, "evaluation-scores")));
  await page.keyboard.press("Control+k");
  await page.keyboard.type("Portugu");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Pontuações", level: 1 }).waitFor();
  await shot(page, "evaluation-scores-pt");
  await page.goto(`${base}/quality/evaluations`);
  await page.locator("td").getByText("resolvida").first().waitFor();
  await shot(page, "evaluation-list-pt");

  // The privacy officer ends the hold.
  const officer = await stage.agent("privacy");
  await officer.page.goto(`${base}/privacy/holds`);
  await officer.page.getByText("2026/114").waitFor();
  found.push(...(await looks(officer.page, "evaluation-holds")));
  await officer.page.getByRole("button", { name: "End the hold" }).click();
  await officer.page.getByRole("dialog").getByRole("button", { name: "End the hold" }).click();
  await officer.page.getByText("There is no legal hold").waitFor();
  expect(found).toEqual([]);
});
