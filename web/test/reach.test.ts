import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { axe, shot, Stage, until } from "./stage";

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

  const agent = await stage.agent("a7");
  await agent.state("Lunch");
  await nearest.getByText("Lunch").waitFor();
  expect(await axe(page)).toEqual([]);
  await shot(page, "reach-why");
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: /^a7/ }).click();
  const of = page.getByRole("dialog").getByRole("region", { name: "Why no work comes" });
  await of.getByText("Keeps a7 from all of it: Lunch.").waitFor();
  await agent.ready();
  await agent.accept("Razorbill");
  await of.getByText("Nothing waits in the queues of a7.").waitFor();
  await shot(page, "reach-why-agent");
  await agent.leave();
});

test("a hint reaches the agent alone, and a take-over everybody", async () => {
  const supervisor = await stage.agent("supervisor");
  const agent = await stage.agent("a7");
  const visitor = await stage.visitor();
  const told: string[] = [];
  visitor.page.on("websocket", (socket) =>
    socket.on("framereceived", (frame) => told.push(String(frame.payload))),
  );
  await visitor.page.reload();
  await agent.ready();
  await visitor.queue("Dunlin");
  await agent.accept("Dunlin");

  const { page } = supervisor;
  await page.goto(`${stage.program.base}/app/room`);
  await page.getByRole("button", { name: /^a7/ }).click();
  await page.getByRole("button", { name: "Open the conversation of Dunlin" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Give a hint" }).click();
  await dialog.getByRole("textbox", { name: /^Hint to/ }).fill("Offer a voucher");
  await dialog.getByRole("button", { name: "Send the hint" }).click();
  const hint = agent.log.locator(".message.hint").filter({ hasText: "Offer a voucher" });
  await hint.getByText("only colleagues see this").waitFor();
  expect(await axe(agent.page)).toEqual([]);
  await shot(agent.page, "reach-hint");
  await agent.say("One moment please");
  await visitor.bubble("One moment please").waitFor();

  await dialog.getByRole("button", { name: "Take over" }).click();
  await dialog
    .getByRole("alert")
    .getByText(/^Take over from/)
    .waitFor();
  await shot(page, "reach-take-over");
  await dialog.getByRole("alert").getByRole("button", { name: "Take over" }).click();
  await page.getByRole("heading", { name: "Dunlin", level: 1 }).waitFor();
  await agent.page.getByText("The conversation with Dunlin is now with someone else.").waitFor();
  await supervisor.say("I am the supervisor");
  await visitor.bubble("I am the supervisor").waitFor();
  await until(() => visitor.log.innerText()).toMatch(/joined[^]*joined/);

  // Nor after a reload, when the page asks for everything again.
  await visitor.page.reload();
  await visitor.bubble("I am the supervisor").waitFor();
  await shot(visitor.page, "reach-visitor");
  expect(await visitor.log.innerText()).not.toContain("voucher");
  expect(told.join("\n")).toContain("I am the supervisor");
  expect(told.join("\n")).not.toContain("voucher");
  await supervisor.finish("Invoice sent");
});
