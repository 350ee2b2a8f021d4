/** Lines of text that people read: what is taken, and what would look like something else. */
import { describe, expect, it } from "vitest";
import { agentCreate, agentTransfer } from "../../../src/contract/agent.ts";
import { poolPatch, toolCreate, toolPatch } from "../../../src/contract/catalog.ts";
import { haltRequest, stopRequest, userRequest } from "../../../src/contract/halt.ts";
import { identityProviderCreate } from "../../../src/contract/identity-provider.ts";
import { operatorCreate } from "../../../src/contract/operator.ts";
import { proseLine } from "../../../src/contract/words.ts";
import { workspaceCreate, workspacePatch } from "../../../src/contract/workspace.ts";

const UNSEEN: readonly (readonly [string, string])[] = [
  ["a direction override", "paid \u202eyad yreve"],
  ["an isolate", "a\u2066b\u2069"],
  ["a direction mark", "a\u200fb"],
  ["a zero-width space", "a\u200bb"],
  ["a word joiner", "a\u2060b"],
  ["a byte order mark", "a\ufeffb"],
  ["a soft hyphen", "a\u00adb"],
  ["a filler", "a\u3164b"],
  ["a line separator", "a\u2028b"],
  ["tags without an emoji", "a\u{e0041}\u{e0042}"],
  ["a variation selector on a letter", "a\ufe0fb"],
  ["a joiner between Latin letters", "ad\u200dmin"],
  ["a non-joiner between Latin letters", "ad\u200cmin"],
  ["a joiner at the end of an Arabic word", "\u0645\u200d"],
  ["a joiner behind an emoji, with nothing to join", "\u{1f469}\u200d"],
  ["an escape", "a\u001b[31m"],
  ["a C1 control", "a\u009b31m"],
  ["spaces only", " \u00a0 "],
];

describe("a line of prose", () => {
  it.each(UNSEEN)("does not hold %s: whoever reads it would see something else", (_what, text) => {
    expect(proseLine(1000).safeParse(text).success).toBe(false);
  });

  it.each([
    ["accents, composed to one spelling", "e\u0301quipe", "\u00e9quipe"],
    ["an emoji with a variation selector", "\u26a0\ufe0f look at this", "\u26a0\ufe0f look at this"],
    ["an emoji that is joined", "\u{1f469}\u200d\u{1f4bb} team", "\u{1f469}\u200d\u{1f4bb} team"],
    [
      "a flag of tags",
      "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
      "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    ],
    [
      "Persian with its non-joiner",
      "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
      "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ],
    ["Hindi with a joiner", "\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"],
    ["Hebrew", "\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"],
    ["a space at its end", "a look ", "a look "],
  ])("holds %s, because people write so", (_what, text, kept) => {
    expect(proseLine(1000).parse(text)).toBe(kept);
  });

  it("is as long as it is when it is kept: a text that composition makes longer is no way around the bound", () => {
    expect(proseLine(10).safeParse("\u0958".repeat(10)).success).toBe(false); // each becomes two
    expect(proseLine(10).parse("e\u0301".repeat(10))).toBe("\u00e9".repeat(10));
  });
});

describe("every description and reason", () => {
  const user = { issuer: "https://login.example.com", subject: "ada" };
  const FORMS = {
    agentCreate: (text: string) => agentCreate.safeParse({ name: "a", description: text }),
    agentTransfer: (text: string) => agentTransfer.safeParse({ to: "ada", reason: text }),
    toolCreate: (text: string) => toolCreate.safeParse({ name: "a", description: text }),
    toolPatch: (text: string) => toolPatch.safeParse({ description: text }),
    poolPatch: (text: string) => poolPatch.safeParse({ description: text }),
    workspaceCreate: (text: string) => workspaceCreate.safeParse({ name: "a", description: text }),
    workspacePatch: (text: string) => workspacePatch.safeParse({ description: text }),
    operatorCreate: (text: string) =>
      operatorCreate.safeParse({ subject: "ada", role: "auditor", description: text }),
    identityProviderCreate: (text: string) =>
      identityProviderCreate.safeParse({
        name: "a",
        issuer: "https://login.example.com",
        audiences: [{ audience: "app" }],
        description: text,
      }),
    haltRequest: (text: string) => haltRequest.safeParse({ reason: text }),
    stopRequest: (text: string) => stopRequest.safeParse({ reason: text }),
    userRequest: (text: string) => userRequest.safeParse({ ...user, reason: text }),
  };

  it.each(Object.entries(FORMS))("%s is such a line: a terminal shows it", (_what, parse) => {
    expect(parse("paid by \u26a0\ufe0f Ada").success).toBe(true);
    expect(UNSEEN.filter(([, text]) => parse(text).success)).toEqual([]);
  });

  it("names a user as its provider does, byte for byte: a stop must find whom it means", () => {
    const subject = "e\u0301\u200b";
    expect(userRequest.parse({ ...user, subject }).subject).toBe(subject);
  });
});
