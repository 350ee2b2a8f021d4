/** `verifyDomeContext` on the cases that every SDK must pass (sdk/conformance/context.json), and what is this SDK's own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DomeKeys, verifyDomeContext } from "../../../sdk/typescript/src/context.ts";

interface Step {
  readonly at: number;
  readonly served: string;
  readonly token: string | null;
  readonly code: string | null;
  readonly fetches?: number;
}
interface Cases {
  readonly issuer: string;
  readonly audience: string;
  readonly now: number;
  readonly keys: Readonly<Record<string, unknown>>;
  readonly cases: readonly { readonly name: string; readonly steps: readonly Step[] }[];
}
const path = join(import.meta.dirname, "../../../sdk/conformance/context.json");
const { issuer, audience, now, keys: documents, cases } = JSON.parse(readFileSync(path, "utf8")) as Cases;

/** A service whose keys are what a step says, and a clock that stands where it says. */
function service() {
  let served = "old";
  let fetches = 0;
  let at = 0;
  const fetch = (url: string, init: RequestInit): Promise<Response> => {
    fetches += 1;
    expect([url, init.redirect]).toEqual([`${issuer}/.well-known/jwks.json`, "manual"]);
    switch (served) {
      case "down":
        return Promise.reject(new TypeError("fetch failed"));
      case "moved":
        return Promise.resolve(Response.redirect("https://evil.example/keys", 302));
      case "huge":
        return Promise.resolve(new Response(" ".repeat(100_000) + JSON.stringify(documents["old"])));
      case "page":
        return Promise.resolve(new Response("<html>"));
      default:
        return Promise.resolve(Response.json(documents[served]));
    }
  };
  const clock = { now: () => now * 1000, monotonic: () => at * 1000 };
  return {
    keys: new DomeKeys({ issuer, fetch, clock }),
    fetches: () => fetches,
    set: (step: Pick<Step, "at" | "served">) => ({ at, served } = step),
  };
}

const codeOf = (fault: unknown): string =>
  fault instanceof Error && "code" in fault ? String(fault.code) : String(fault);

describe("verifyDomeContext", () => {
  it.each(cases)("$name", async ({ steps }) => {
    const { keys, fetches, set } = service();
    for (const { token, code, fetches: expected, ...step } of steps) {
      set(step);
      const said = await verifyDomeContext(token, { keys, audience }).then(() => null, codeOf);
      expect([step.at, said, expected === undefined || fetches()]).toEqual([step.at, code, expected ?? true]);
    }
  });

  it("reads all that Dome says", async () => {
    const { keys } = service();
    const token = cases[1]?.steps[0]?.token;
    expect(await verifyDomeContext(token, { keys, audience })).toEqual({
      id: `ctx_${"1".padStart(26, "0")}`,
      issuer,
      audience,
      subject: `usr_${"u".repeat(26)}`,
      workspace: { id: `wsp_${"1".padStart(26, "0")}`, name: "default" },
      agent: {
        id: `agt_${"b".padStart(26, "0")}`,
        name: "filer",
        owner: "bob@acme.example",
        tier: "trusted",
      },
      chain: [
        { agent: `agt_${"b".padStart(26, "0")}`, name: "filer", tier: "trusted" },
        { agent: `agt_${"a".padStart(26, "0")}`, name: "support-triage", tier: "standard" },
      ],
      user: {
        id: `usr_${"u".repeat(26)}`,
        provider: "okta",
        issuer: "https://login.example",
        subject: "zoë",
        email: "zoe@acme.example",
        groups: ["ops"],
        groupsOverage: false,
      },
      action: "http:call",
      tool: "crm",
      operation: "GET /tickets/{id}",
      decisionId: `dec_${"1".padStart(26, "0")}`,
      requestId: `req_${"1".padStart(26, "0")}`,
      txn: `txn_${"1".padStart(26, "0")}`,
      request: {
        method: "GET",
        ip: "203.0.113.7",
        country: "DE",
        userAgent: "bot/1",
        headers: { "x-tenant": "acme" },
      },
      issuedAt: now,
      expiresAt: now + 60,
    });
  });

  it("fetches the keys once for calls that come at once", async () => {
    const { keys, fetches } = service();
    const token = cases[0]?.steps[0]?.token;
    await Promise.all(Array.from({ length: 16 }, () => verifyDomeContext(token, { keys, audience })));
    expect(fetches()).toBe(1);
  });

  it.each([
    { audience: "" },
    { audience, clockToleranceSeconds: 31 },
    { audience, clockToleranceSeconds: -1 },
    { audience, clockToleranceSeconds: Number.NaN },
  ])("refuses the options %j: they cannot be meant", async (options) => {
    const { keys } = service();
    await expect(verifyDomeContext("x", { keys, ...options })).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  it.each(["dome.example", "http://dome.example", "https://u@dome.example", "ftp://dome.example"])(
    "takes no keys from %s",
    (from) => {
      expect(() => new DomeKeys({ issuer: from })).toThrow(/issuer/);
    },
  );
});
