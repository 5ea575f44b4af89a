import { chromium } from "playwright-core";

// Measures how long going to a place of a recording takes in a real browser: from the press on the time line until
// the sound of that place is heard, as the page asks the loudspeaker to begin it. test/bench starts it with a
// program that has a long recording, and reads "name value unit goal".

const { SEEK_BASE, SEEK_ORGANISATION, SEEK_USER, SEEK_PASSWORD, SEEK_INTERACTION } = process.env;
const places = 40; // what a user may take as fast as it likes is a hundred parts, and each place takes two

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
await page.addInitScript(() => {
  const at = { pressed: 0, heard: [] as number[] };
  Object.assign(window, { seek: at });
  window.addEventListener("pointerdown", (event) => (at.pressed = event.timeStamp), true);
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when = 0, ...more) {
    if (at.pressed) at.heard.push(performance.now() - at.pressed + 1000 * (when - this.context.currentTime));
    at.pressed = 0;
    start.call(this, when, ...more);
  };
});
await page.goto(`${SEEK_BASE}/app`);
await page.getByLabel("Organisation").fill(SEEK_ORGANISATION!);
await page.getByLabel("User name").fill(SEEK_USER!);
await page.getByRole("textbox", { name: "Password" }).fill(SEEK_PASSWORD!);
await page.getByRole("button", { name: "Sign in" }).click();
await page.getByRole("banner").waitFor();
await page.goto(`${SEEK_BASE}/app/conversations/${SEEK_INTERACTION}`);
const player = page.getByRole("region", { name: /^Call recording/ }).filter({ hasText: "2:00:00" });
await player.getByRole("button", { name: "Listen" }).click();
const line = player.getByRole("slider");
await line.waitFor();
await player.locator("path.rest").first().waitFor();
await player.getByRole("button", { name: "Play", exact: true }).click();
const box = (await line.boundingBox())!;
const heard = () => page.evaluate(() => (window as unknown as { seek: { heard: number[] } }).seek.heard);
for (let i = 0; i < places; i++) {
  const before = (await heard()).length;
  // Never the same ten seconds twice: what is in memory would be heard at once.
  await page.mouse.click(box.x + (box.width * ((i * 37) % 97)) / 100 + 1, box.y + box.height / 2);
  await page.waitForFunction(
    (n) => (window as unknown as { seek: { heard: number[] } }).seek.heard.length > n,
    before,
  );
}
const all = (await heard()).sort((a, b) => a - b);
console.log(`recording_seek_browser ${all[Math.floor(all.length / 2)]!.toFixed(1)} ms <=50`);
await browser.close();
