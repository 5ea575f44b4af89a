import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { House } from "./house";
import { axe, complaints, launch, openPage, picture, signIn, Visitor } from "./people";

// The whole story, from an empty desk to a conversation that is found again.

let house: House;
let browser: Browser;
const pages: Page[] = [];

beforeAll(async () => {
  [house, browser] = await Promise.all([House.open(), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await house?.close();
});

afterEach(async () => {
  for (const page of pages.splice(0)) {
    expect(complaints.get(page)).toEqual([]);
    await page.context().close();
  }
});

async function page(options?: Parameters<typeof openPage>[1]): Promise<Page> {
  const opened = await openPage(browser, options);
  pages.push(opened);
  return opened;
}

const answers = ["A return or exchange", "Within the last 30 days"];

test("sign-in says beside each field what is wrong and loses nothing", async () => {
  const agent = await page();
  await agent.goto(`${house.demo.base_url}/app/`);
  await agent.getByRole("button", { name: "Sign in" }).click();
  await expect.poll(() => agent.getByText("Please fill this in.").count()).toBe(3);

  await agent.getByLabel("Organisation").fill("demo");
  await agent.getByLabel("User name").fill("a7");
  await agent.getByRole("textbox", { name: "Password" }).fill("wrong");
  await agent.getByRole("button", { name: "Sign in" }).click();
  await agent.getByRole("alert").waitFor();
  expect(await agent.getByLabel("Organisation").inputValue()).toBe("demo");
  expect(await agent.getByLabel("User name").inputValue()).toBe("a7");
  await picture(agent, "sign-in");
});

test("a visitor and an agent, from the offer to the closed conversation", async () => {
  const agent = await page();
  await signIn(agent, house, "a7");
  await agent.keyboard.press("Alt+r");
  await agent.getByRole("button", { name: /Ready/ }).first().waitFor();

  const visitor = new Visitor(await page());
  await visitor.start(house.shop, "Marta", answers, "marta@example.org");

  await agent.getByRole("button", { name: "Accept" }).waitFor();
  await picture(agent, "offer");
  await agent.keyboard.press("Enter");
  await agent.getByRole("heading", { level: 1, name: "Marta" }).waitFor();

  await visitor.say("Hello, I sent the shoes back on Monday.");
  const log = agent.getByRole("log");
  await log.getByText("sent the shoes back").waitFor();

  // A canned reply, by keyboard alone, with its placeholders filled in.
  const box = agent.getByRole("textbox", { name: "Write to Marta…" });
  await box.pressSequentially("/");
  await agent.getByRole("listbox", { name: "Canned replies" }).waitFor();
  await box.press("Enter");
  await expect.poll(() => box.inputValue()).toContain("Marta");
  await box.press("Enter");
  await visitor.sees("Hello Marta");

  // A note stays among colleagues.
  await agent.keyboard.press("Alt+n");
  await agent.getByRole("textbox", { name: /only colleagues/ }).fill("Parcel scanned in Porto.");
  await agent.keyboard.press("Enter");
  await log.getByText("Parcel scanned in Porto.").waitFor();

  await agent.setInputFiles("input[type=file]", {
    name: "return.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("the way back"),
  });
  await log.getByText("return.txt").first().waitFor();

  await box.fill("<b>Not bold</b> & \u202egnp.exe");
  await box.press("Enter");
  await visitor.sees("<b>Not bold</b>");
  expect(await visitor.page.getByText("Parcel scanned").count()).toBe(0);
  await log.getByText("seen").first().waitFor();
  await picture(agent, "conversation");
  expect(await axe(agent)).toEqual([]);

  // Finished by accident, taken back, then finished.
  await agent.keyboard.press("Control+Enter");
  await agent.getByRole("region", { name: "Wrap-up" }).getByRole("button", { name: "Undo" }).click();
  await agent.getByRole("button", { name: "Finish" }).waitFor();
  await agent.keyboard.press("Control+Enter");
  await agent.getByRole("button", { name: "Extend" }).waitFor();
  await picture(agent, "wrap-up");
  expect(await axe(agent)).toEqual([]);

  await agent.getByLabel("Disposition").selectOption({ index: 1 });
  await agent.getByRole("group", { name: "Labels" }).getByRole("button").first().click();
  await agent.keyboard.press("Control+Enter");
  await agent.getByRole("heading", { name: "Nothing is waiting for you" }).waitFor();

  // Found again by its words, with what was chosen.
  await agent.goto(`${house.demo.base_url}/app/conversations?words=shoes+Monday`);
  await agent.getByRole("link", { name: "Marta" }).click();
  await agent.getByRole("log").getByText("sent the shoes back").waitFor();
  await picture(agent, "transcript");
});

test("a transfer with a note, a consultation, a supervisor who reads along", async () => {
  const [first, second, supervisor] = [await page(), await page(), await page()];
  await signIn(first, house, "a7");
  await signIn(second, house, "b2");
  await signIn(supervisor, house, "supervisor");
  await first.keyboard.press("Alt+r");

  const visitor = new Visitor(await page());
  await visitor.start(house.shop, "Rui", answers);
  await first.getByRole("button", { name: "Accept" }).click();
  await first.getByRole("heading", { level: 1, name: "Rui" }).waitFor();

  await first.keyboard.press("Alt+c");
  await first.getByRole("radio", { name: /b2/ }).check();
  await first.getByLabel("Your question").fill("May he send it back after 31 days?");
  await first.getByRole("button", { name: "Ask" }).click();
  await second.getByRole("link", { name: /Rui/ }).click();
  await second.getByRole("log").getByText("after 31 days").waitFor();
  await second.getByRole("textbox", { name: /only colleagues/ }).fill("Yes, once.");
  await second.keyboard.press("Enter");
  await first.getByRole("log").getByText("Yes, once.").waitFor();

  await supervisor.goto(`${house.demo.base_url}/app/room`);
  await supervisor.getByRole("button", { name: /a7/ }).click();
  await supervisor.getByRole("button", { name: "Open the conversation of Rui" }).click();
  await supervisor.getByRole("log").getByText("Yes, once.").waitFor();
  await picture(supervisor, "reading-along");

  await second.keyboard.press("Alt+r");
  await first.keyboard.press("Alt+t");
  await first.getByRole("radio", { name: /b2/ }).check();
  await first.getByLabel("Note for who takes over").fill("He has the receipt.");
  await first.getByRole("button", { name: "Transfer" }).last().click();
  await second.getByRole("button", { name: "Accept" }).click();
  await second.getByRole("log").getByText("He has the receipt.").waitFor();
  await second.getByRole("button", { name: "Finish" }).waitFor();
  expect(await visitor.page.getByText("He has the receipt.").count()).toBe(0);
});
