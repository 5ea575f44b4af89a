import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Hours } from "../desktop/src/api/types";
import { merged, openings, rowsOf } from "../desktop/src/setup/holidays";
import { axe, shot, Stage, until } from "./stage";

const hours: Hours = {
  name: "Office",
  time_zone: "Europe/Lisbon",
  weekly: [4, 5].flatMap((day) => [
    { day, from: "09:00", to: "12:00" },
    { day, from: "13:00", to: "18:00" },
  ]),
  dates: [{ date: "2026-12-25", name: "Ours", open: [{ from: "10:00", to: "11:00" }] }],
};

describe("from a calendar's days to the hours", () => {
  test.each([
    [[], ["09:00-12:00", "13:00-18:00"]],
    [[{ from: "14:00", to: "24:00" }], ["09:00-12:00", "13:00-14:00"]],
    [[{ from: "00:00", to: "10:30" }], ["10:30-12:00", "13:00-18:00"]],
    [[{ from: "10:00", to: "11:00" }], ["09:00-10:00", "11:00-12:00", "13:00-18:00"]],
    [[{ from: "12:00", to: "13:00" }], ["09:00-12:00", "13:00-18:00"]],
    [[{ from: "00:00", to: "24:00" }], []],
    [
      [
        { from: "09:00", to: "10:00" },
        { from: "10:00", to: "15:00" },
      ],
      ["15:00-18:00"],
    ],
  ])("closed at %j", (closed, open) => {
    // 24 December 2026 is a Thursday.
    expect(openings(hours, "2026-12-24", closed).map((s) => `${s.from}-${s.to}`)).toEqual(open);
  });

  test("one row for each date; what is there stays; nothing stands twice", () => {
    const day = (date: string, name: string, more = {}) => ({ date, name, line: 1, ...more });
    const rows = rowsOf(
      [
        day("2026-12-24", "Half day", { from: "14:00", to: "24:00" }),
        day("2026-12-25", "Christmas"),
        day("2026-12-26", "Late hours", { from: "20:00", to: "22:00" }),
        day("2027-01-01", "New Year", { note: "Public holiday" }),
        day("2027-01-01", "Party", { from: "10:00", to: "12:00" }),
      ],
      hours,
    );
    expect(rows.map((r) => [r.date, r.name, r.note, r.there, r.idle])).toEqual([
      ["2026-12-24", "Half day", "", false, false],
      ["2026-12-25", "Christmas", "", true, false],
      ["2026-12-26", "Late hours", "", false, true],
      ["2027-01-01", "New Year", "Public holiday", false, false],
    ]);
    const dates = merged(hours.dates, rows);
    expect(dates.map((d) => d.date)).toEqual(["2026-12-24", "2026-12-25", "2026-12-26", "2027-01-01"]);
    expect(dates[1]).toEqual(hours.dates[0]);
    expect(merged(dates, rows)).toEqual(dates);
  });
});

describe("in the hours' editor", () => {
  const stage = new Stage();
  beforeAll(() => stage.open());
  afterEach(() => stage.sweep());
  afterAll(() => stage.close());

  const next = new Date().getFullYear() + 1;
  const event = (lines: string[]) => ["BEGIN:VEVENT", ...lines, "END:VEVENT"];
  const feed = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "X-WR-CALNAME:Feriados",
    ...event([`DTSTART;VALUE=DATE:${next}0421`, "SUMMARY:Tiradentes", "DESCRIPTION:Feriado"]),
    ...event([`DTSTART;VALUE=DATE:${next}0907`, "SUMMARY:Independência", "DESCRIPTION:Feriado"]),
    ...event([`DTSTART;VALUE=DATE:${next}0613`, "SUMMARY:Namorados", "DESCRIPTION:Data comemorativa"]),
    ...event([`DTSTART;VALUE=DATE:${next}1399`, "SUMMARY:Broken"]),
    "END:VCALENDAR",
    "",
  ].join("\r\n");

  test("holidays are read, looked at, chosen, taken back, and saved", async () => {
    const page = (await stage.agent("administrator")).page;
    await page.goto(`${stage.program.base}/app/setup/hours`);
    await page.locator("tbody a").first().click();
    const names = page.getByLabel("What it is");
    await page.getByRole("button", { name: "Import holidays…" }).waitFor();
    const before = await names.count();

    const dialog = page.getByRole("dialog", { name: "Import holidays" });
    const choose = async (text: string) => {
      await page.getByRole("button", { name: "Import holidays…" }).click();
      const file = { name: "feriados.ics", mimeType: "text/calendar", buffer: Buffer.from(text) };
      await dialog.getByLabel("Calendar file (.ics)").setInputFiles(file);
    };
    await choose("no calendar");
    await dialog.getByRole("alert").waitFor();
    await page.keyboard.press("Escape");
    stage.forgive(/status of 422/);

    await choose(feed);
    await dialog.getByRole("button", { name: "Add 3 days" }).waitFor();
    await dialog.getByText("1 thing left out").click();
    await dialog.getByText("Line 20").waitFor();
    await dialog.getByLabel(/^Data comemorativa/).uncheck();
    await shot(page, "holidays-import");
    expect(await axe(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Add 2 days" }).click();
    await until(() => names.count()).toBe(before + 2);

    await page.getByRole("button", { name: "Take them out again" }).click();
    await until(() => names.count()).toBe(before);

    await choose(feed);
    await dialog.getByRole("button", { name: "Add 3 days" }).click();
    await page.keyboard.press("Control+s");
    await page.getByText(/” is saved/).waitFor();
    await until(() => page.getByText("not saved yet").count()).toBe(0);
    await until(() => names.count()).toBe(before + 3);

    await choose(feed);
    await until(() => dialog.getByText("already in the list").count()).toBe(3);
    await until(() => dialog.getByRole("button", { name: "Add 0 days" }).isDisabled()).toBe(true);
    await page.keyboard.press("Escape");
  });
});
