/**
 * How often the one object of the installation is asked while many agents call: never at the rate of a caller, but where an
 * answer must not be older than its question. Counted while the clock stands, so that no lease runs out in between.
 */
import { expect, it } from "vitest";
import { stillTime } from "../support/moved-time.ts";
import { watchedOrg } from "../support/observed-bindings.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import { check, freshWorkspace, operator, type Door, type Registered } from "../support/worker-api.ts";

const api = operator();
const ask = { tool: "crm" };

/** Agents of a workspace of their own. */
async function agents(count: number, tier: "standard" | "restricted" = "standard"): Promise<Registered[]> {
  const workspace = await freshWorkspace();
  await api.addTool({ name: "crm", workspace });
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      api.start({ name: `caller-${index}`, workspace, tier, surface: { tools: ["crm"] } }),
    ),
  );
}

/** A fresh isolate, and how often it has asked. */
async function isolate(): Promise<{ readonly door: Door; readonly asks: () => number }> {
  const uses: string[] = [];
  const door = await anotherIsolate(watchedOrg((use) => void uses.push(use)));
  return { door, asks: () => uses.length };
}

const permitted = async ({ secret }: Registered, door: Door) =>
  (await check(secret, ask, door)).body.decision;

it.each([2, 12])("an isolate asks once for all of %i agents, however often they call", async (count) => {
  const callers = await agents(count);
  const { door, asks } = await isolate();
  await stillTime(async () => {
    for (const caller of callers) expect(await permitted(caller, door)).toBe("allow");
    const again = await Promise.all(callers.map((caller) => permitted(caller, door)));
    expect(new Set(again)).toEqual(new Set(["allow"]));
    expect(asks()).toBe(1);
  });
});

it("agents that call a cold isolate at the same moment share one question", async () => {
  const callers = await agents(8);
  const { door, asks } = await isolate();
  await stillTime(() => Promise.all(callers.map((caller) => permitted(caller, door))));
  expect(asks()).toBe(1);
});

it.each([4, 16])(
  "%i calls at the same moment share the questions of a tier that asks afresh each time",
  async (count) => {
    const [caller] = await agents(1, "restricted");
    if (caller === undefined) throw new Error("no agent");
    const { door, asks } = await isolate();
    await stillTime(async () => {
      expect(await permitted(caller, door)).toBe("allow");
      const before = asks();
      await Promise.all(Array.from({ length: count }, () => permitted(caller, door)));
      // One that began before the call is no answer to it: those that come during an ask share the one after it.
      expect(asks() - before).toBeLessThanOrEqual(3);
    });
  },
);

it.each(["introspect", "revoke"])(
  "a token that is none asks nothing at %s, however often it comes",
  async (path) => {
    const [caller] = await agents(1);
    if (caller === undefined) throw new Error("no agent");
    const { door, asks } = await isolate();
    const part = (value: object): string => btoa(JSON.stringify(value)).replaceAll("=", "");
    const tokens = [
      "garbage",
      `${part({ alg: "none" })}.${part({ sub: "x" })}.`,
      `${part({ alg: "ES256", typ: "at+jwt", kid: "made-up" })}.${part({ sub: "x" })}.${"A".repeat(86)}`,
    ];
    const present = async (token: string): Promise<number> => {
      const request = new Request(`https://dome.test/api/v1/auth/${path}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${caller.secret}`,
          "content-type": "application/x-www-form-urlencoded",
        },
        body: new URLSearchParams({ token }).toString(),
      });
      return (await door(request)).status;
    };
    await stillTime(async () => {
      for (const token of tokens) expect(await present(token)).toBe(200);
      const before = asks();
      for (let again = 0; again < 16; again += 1) {
        for (const token of tokens) expect(await present(token)).toBe(200);
      }
      expect(asks() - before).toBe(0);
    });
  },
);

it("readiness asks nothing", async () => {
  const { door, asks } = await isolate();
  for (let again = 0; again < 16; again += 1) {
    expect((await door(new Request("https://dome.test/readyz"))).status).toBe(200);
  }
  expect(asks()).toBe(0);
});
