/** Values of options are what they say, or refused before anything is asked of the service. */
import { describe, expect, it } from "vitest";
import { dome } from "./run-cli.ts";

const NUMBERS = ["1e1", "0x10", "+5", "-1", "05", "5.0", "x", "", " 5", "1_0"];

describe("a number", () => {
  it.each(
    [
      ["agents", "list", "--limit"],
      ["audit", "list", "--limit"],
      ["audit", "tail", "--after"],
      ["audit", "tail", "--count"],
    ].flatMap((words) => NUMBERS.map((text) => [words.join(" "), text] as const)),
  )("%s=%j is refused: it would be read as another one", async (words, text) => {
    const { exit, requests, stderr } = await dome(`${words}=${text}`.split(/ (?=[a-z-]+)/u));
    expect({ exit, requests }).toEqual({ exit: 2, requests: [] });
    expect(stderr).toContain("It must be a whole number");
  });
});

describe("a time", () => {
  it.each([
    "2026-02-30",
    "2026-13-01",
    "2026-02-29T00:00:00Z",
    "2026-11-23T25:00:00Z",
    "2026-11-23T09:00:00",
    "2026-11-23T9Z",
    "9999-12-31T23:59:59-14:00",
    "1e3",
    "5",
  ])("%s is refused: there is no such time", async (text) => {
    const { exit, requests } = await dome(["audit", "list", "--since", text]);
    expect({ exit, requests }).toEqual({ exit: 2, requests: [] });
  });
});

describe("a label", () => {
  it("is given once, because one of two values would be lost", async () => {
    const { exit, requests, stderr } = await dome(
      "agents register bot --label team=a --label team=b".split(" "),
    );
    expect({ exit, requests }).toEqual({ exit: 2, requests: [] });
    expect(stderr).toContain("given twice");
  });
});
