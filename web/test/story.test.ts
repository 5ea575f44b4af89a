import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { picture } from "./picture";
import { shot, Stage, until } from "./stage";

// From an open shop page to a rated conversation, both sides side by side.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

test("a visitor and an agent, from the first word to the rating", async () => {
  const visitor = await stage.visitor();
  const agent = await stage.agent("a7");
  await shot(agent.page, "story-01-desk-empty");
  await shot(visitor.page, "story-02-shop");

  // The form, the assistant and the queue.
  await visitor.launcher.click();
  await visitor.page.getByRole("textbox", { name: "Name" }).fill("Blue heron");
  expect(await visitor.page.getByRole("checkbox").isChecked()).toBe(false);
  await visitor.page.getByRole("button", { name: "Start chat" }).click();
  await visitor.page.getByText("please tick the box").waitFor();
  expect(await visitor.page.context().cookies()).toEqual([]);
  await visitor.page.getByRole("checkbox").check();
  await shot(visitor.page, "story-03-form");
  await visitor.page.getByRole("button", { name: "Start chat" }).click();
  await visitor.log.getByText("Hello Blue heron, welcome to Atlântico Shoes.").waitFor();
  await visitor.choose("An order or a bill");
  await visitor.log.getByText("Which order is it about?").waitFor();
  await visitor.say("AT-10552");
  await visitor.page.getByText("You are next.").waitFor();
  await shot(visitor.page, "story-04-queue");

  // The offer and its acceptance by Enter.
  await agent.ready();
  await agent.offers.filter({ hasText: "Blue heron" }).waitFor();
  await shot(agent.page, "story-05-offer");
  await agent.accept("Blue heron");
  await visitor.log.getByText("a7 joined").waitFor();
  await agent.message("AT-10552").waitFor();
  await agent.log.getByText(/Blue heron agreed to the privacy text, version \d/).waitFor();

  // Both write; typing and seen marks.
  await agent.box.pressSequentially("Good morning");
  await visitor.page.getByText("a7 is typing…").waitFor();
  await agent.box.press("Enter");
  await visitor.bubble("Good morning").waitFor();
  await agent.message("Good morning").getByText("seen").waitFor();
  await visitor.box.pressSequentially("The invoice is missing", { delay: 150 });
  await agent.log.getByText("Blue heron is typing…").waitFor();
  await shot(agent.page, "story-06-typing");
  await visitor.box.press("Enter");
  await agent.message("The invoice is missing").waitFor();
  await visitor.log.getByText(/· Seen/).waitFor();

  // A picture, shown inline on both sides.
  await visitor.page.locator("input[type=file]").setInputFiles(picture("parcel.png"));
  await visitor.log.getByRole("img", { name: "Image “parcel.png”" }).waitFor();
  const inline = agent.log.getByRole("img", { name: "Picture parcel.png" });
  await inline.waitFor();
  await until(() => inline.evaluate((i: HTMLImageElement) => i.naturalWidth)).toBe(120);

  // A note stays with colleagues.
  await agent.page.keyboard.press("Alt+n");
  await agent.say("Customer since 2019, be generous");
  await agent.log.getByText("only colleagues see this").waitFor();

  // A canned reply by its short name.
  await agent.box.pressSequentially("/invo");
  await agent.page.getByRole("option", { name: /Invoice copy/ }).waitFor();
  await shot(agent.page, "story-07-canned");
  await agent.box.press("Enter");
  await until(() => agent.box.inputValue()).toContain("Here is the copy of the invoice you asked for");
  await agent.box.press("Enter");
  await visitor.log.getByText("Here is the copy of the invoice you asked for").waitFor();
  await shot(agent.page, "story-08-agent");
  await shot(visitor.page, "story-09-visitor");
  expect(await visitor.log.innerText()).not.toContain("generous");

  // The end from the desk: the result is asked for before it can be completed.
  await agent.page.getByRole("button", { name: /^Finish/ }).click();
  await agent.page.getByRole("region", { name: "Wrap-up" }).waitFor();
  await agent.page.getByRole("button", { name: /^Complete/ }).click();
  await agent.person.getByRole("alert").or(agent.person.locator(".problem")).first().waitFor();
  await shot(agent.page, "story-10-wrap-up");
  await agent.person.getByLabel("Disposition").selectOption({ label: "Invoice sent" });
  await agent.person.getByRole("button", { name: "Late parcel" }).click();
  await agent.page.getByRole("button", { name: /^Complete/ }).click();
  await agent.page.getByText("Nothing is waiting for you").waitFor();

  // The visitor rates it.
  await visitor.page.getByText("This chat has ended.").waitFor();
  await visitor.page.getByRole("radio", { name: /Very good/ }).check();
  await visitor.page.getByLabel("Anything to add?").fill("Quick and kind");
  await shot(visitor.page, "story-11-rating");
  await visitor.page.getByRole("button", { name: "Send rating" }).click();
  await visitor.page.getByText("Thank you for your rating.").waitFor();
  await shot(visitor.page, "story-12-rated");
  await shot(agent.page, "story-13-done");
});
