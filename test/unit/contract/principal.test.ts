/** Who somebody is on the control plane has one spelling, and nobody passes for the installation or for somebody else. */
import { describe, expect, it } from "vitest";
import { agentCreate } from "../../../src/contract/agent.ts";
import { operatorCreate } from "../../../src/contract/operator.ts";
import { plainLine, principal } from "../../../src/contract/words.ts";

const subjectOf = (subject: string) => operatorCreate.safeParse({ subject, role: "auditor" });

describe("the subject of an operator token", () => {
  it.each([
    ["the name of the installation", "admin"],
    ["capital letters", "Admin"],
    ["a zero-width space", "admin\u200B"],
    ["a zero-width joiner inside", "ad\u200Dmin"],
    ["a soft hyphen", "ad\u00ADmin"],
    ["a byte order mark", "\uFEFFadmin"],
    ["a Cyrillic letter", "\u0430dmin"],
    ["a Greek letter", "adm\u03B9n"],
    ["fullwidth letters, which fold to it", "\uFF41\uFF44\uFF4D\uFF49\uFF4E"],
    ["mathematical letters, which fold to it", "\u{1D41A}dmin"],
    ["a dotless i", "adm\u0131n"],
    ["a space behind", "admin "],
    ["a space before", " admin"],
    ["a no-break space behind", "admin\u00A0"],
    ["a direction override", "\u202Enimda"],
    ["a combining mark", "admi\u0301n"],
    ["a Hangul filler", "admin\u3164"],
    ["a variation selector", "admin\uFE0F"],
    ["a tag character", "admin\u{E0061}"],
    ["dome", "DOME"],
    ["nothing", ""],
    ["a point at its begin", ".admin"],
  ])("is refused with %s", (_, subject) => {
    expect(subjectOf(subject).success).toBe(false);
  });

  it.each([
    ["ada@example.com", "ada@example.com"],
    ["Ada@Example.com", "ada@example.com"],
    ["\uFF41da@example.com", "ada@example.com"],
    ["ci:build/nightly+1", "ci:build/nightly+1"],
    ["svc_deploy-2.eu", "svc_deploy-2.eu"],
  ])("%j is kept as %j", (given, kept) => {
    expect(principal.parse(given)).toBe(kept);
    expect(subjectOf(given).data?.subject).toBe(kept);
  });
});

describe("the owner of an agent", () => {
  it("has the same spelling as a subject, because the two are compared", () => {
    expect(agentCreate.parse({ name: "bot", owner: "Ada@Example.com" }).owner).toBe("ada@example.com");
    for (const owner of ["ada\u200B@example.com", "\u0430da@example.com", "ada@example.com "]) {
      expect(agentCreate.safeParse({ name: "bot", owner }).success).toBe(false);
    }
  });
});

describe("a contact", () => {
  it("may be in any script, and has nothing in it that nobody sees", () => {
    expect(plainLine(320).parse("Ада Лавлейс, #поддержка")).toBe("Ада Лавлейс, #поддержка");
    for (const contact of ["support\u200B", " support", "support ", "a\u202Eb", "a\u3164b", "a\u2028b"]) {
      expect(agentCreate.safeParse({ name: "bot", contact }).success).toBe(false);
    }
  });
});
