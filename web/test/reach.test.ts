import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, shot, Stage } from "./stage";

// The supervisor's reach into the floor: why work waits, a hint, a take-over.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("the room says why a contact waits, and says so anew when the floor changes", async () => {
  const supervisor = await stage.agent("supervisor");
  const { page } = supervisor;
  await page.goto(`${stage.program.base}/app/room`);
  const visitor = await stage.visitor();
  await visitor.queue("Razorbill");
  await page.getByRole("button", { name: "Why Razorbill waits" }).click();
  const dialog = page.getByRole("dialog", { name: "Why Razorbill waits" });
  await dialog.getByText(/^None of the \d+ agents of the queue is at work\.$/).waitFor();
  const nearest = dialog.getByRole("region", { name: "Who is nearest" });
  expect(await nearest.getByText("offline").count()).toBeGreaterThan(0);

  const agent = await stage.agent("c9");
  await agent.state("Lunch");
  await nearest.getByText("Lunch").waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "reach-why");
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: /^c9/ }).click();
  const of = page.getByRole("dialog").getByRole("region", { name: "Why no work comes" });
  await of.getByText("Keeps c9 from all of it: Lunch.").waitFor();
  await agent.ready();
  await agent.accept("Razorbill");
  await of.getByText("Nothing waits in the queues of c9.").waitFor();
  await shot(page, "reach-why-agent");
  await agent.leave();
});
