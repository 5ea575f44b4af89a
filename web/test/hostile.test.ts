import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { shot, Stage } from "./stage";

// Whatever is written is shown as text. Scripts that run would open a dialog,
// and a policy that is violated would be told on the console: both fail a test.

const stage = new Stage();
beforeAll(() => stage.open());
afterEach(() => stage.sweep());
afterAll(() => stage.close());

const NAME = `<img src=x onerror=alert(1)>"'{{7*7}}`;
const TEXTS = [
  "<script>alert(2)</script>",
  `"><svg onload=alert(3)>`,
  `<a href="javascript:alert(4)">click</a>`,
  "javascript:alert(5)",
  "{{constructor.constructor('alert(6)')()}}",
  "</textarea></div><iframe srcdoc='<script>parent.alert(7)</script>'></iframe>",
];
const TURNED = "invoice\u202egpj.exe";

test("markup, scripts and turned text stay text on both sides", async () => {
  const visitor = await stage.visitor();
  const agent = await stage.agent("a7");
  await visitor.queue(NAME, "<b>AT</b>");
  await agent.ready();
  await agent.accept(NAME);
  await agent.message("<b>AT</b>").waitFor();

  for (const text of TEXTS) {
    await visitor.say(text);
    await agent.message(text).waitFor();
    await agent.say(`${text} too`);
    await visitor.bubble(`${text} too`).waitFor();
  }
  await visitor.say(TURNED);
  await agent.message("gpj.exe").waitFor();
  await agent.say(`${TURNED} too`);
  await visitor.log.getByText("gpj.exe too").waitFor();
  const file = {
    name: `${TURNED}.pdf`,
    mimeType: "application/pdf",
    buffer: Buffer.from("%PDF-1.4\n%%EOF\n"),
  };
  await visitor.page.locator("input[type=file]").setInputFiles(file);
  const sent = agent.log.locator("a.file");
  await sent.waitFor();
  expect(await sent.innerText()).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);

  // No element came out of it, and no turn of direction leaves its message.
  for (const log of [agent.log, visitor.log]) {
    expect(await log.locator("script, iframe, svg[onload], img[src=x], b:text-is('AT')").count()).toBe(0);
    expect(await log.locator("a[href^='javascript']").count()).toBe(0);
  }
  for (const text of await agent.log.locator("p.text").all())
    expect(await text.evaluate((e) => [getComputedStyle(e).unicodeBidi, e.getAttribute("dir")])).toContain(
      "auto",
    );
  await shot(agent.page, "hostile-agent");
  await shot(visitor.page, "hostile-visitor");

  await agent.page.keyboard.press("Alt+n");
  await agent.say(TEXTS[0]!);
  await agent.person.getByText(TEXTS[0]!).waitFor();
  await agent.leave();
});
