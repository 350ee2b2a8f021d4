/** What counts against which limit, and what is never limited. */
import { BUILT_IN_TIERS } from "../../support/built-in-tiers.ts";
import { describe, expect, it } from "vitest";
import {
  addressBucket,
  countAgent,
  countRefused,
  isNeverLimited,
  rateOf,
  type Asker,
  type RateCounters,
} from "../../../src/api/rate-limits.ts";
import type { Log } from "../../../src/kernel/log.ts";
import { PERMISSIONS } from "../../../src/operators/permissions.ts";

const QUIET: Log = { write: () => undefined };

/** Counters that note what they count; those named have had enough. */
function counters(full: readonly string[] = []) {
  const counted: string[] = [];
  const counter = (name: string) => ({
    limit: async ({ key }: { key: string }) => {
      counted.push(`${name} ${key}`);
      return { success: !full.includes(name) };
    },
  });
  const rateCounters: RateCounters = {
    refused: counter("refused"),
    classes: { low: counter("low"), normal: counter("normal"), high: counter("high") },
    agents: counter("agents"),
    workspaces: counter("workspaces"),
    operators: counter("operators"),
  };
  return { counted, holder: { rateCounters, log: QUIET } };
}

const ASKER: Asker = {
  key: "key_1",
  agent: "agt_1",
  workspace: "wsp_1",
  rate: "normal",
};

describe("an agent that asks", () => {
  it("counts for its key in the class of its tier, for the agent, and for the workspace", async () => {
    const { counted, holder } = counters();
    expect((await countAgent(holder, ASKER)).ok).toBe(true);
    expect(counted.toSorted()).toEqual(["agents agt_1", "normal key_1", "workspaces wsp_1"]);
  });

  it.each(["normal", "agents", "workspaces"])("is told to come back when %s had enough", async (name) => {
    expect(await countAgent(counters([name]).holder, ASKER)).toMatchObject({
      error: { code: "rate_limited", retryAfterSeconds: 10 },
    });
  });

  it("goes on when a counter breaks: it decides nothing about rights", async () => {
    const broken = {
      limit: async (): Promise<never> => {
        throw new Error("the counter is away");
      },
    };
    const { holder } = counters();
    const rateCounters = { ...holder.rateCounters, agents: broken };
    expect((await countAgent({ rateCounters, log: QUIET }, ASKER)).ok).toBe(true);
  });

  it("is in the strictest class of its chain, and in the strictest there is for an unknown tier", () => {
    const chain = (...tiers: readonly string[]) =>
      tiers.map((tier) => ({ name: tier, tier, freshness: null }));
    expect(rateOf(BUILT_IN_TIERS, chain("trusted", "standard"))).toBe("normal");
    expect(rateOf(BUILT_IN_TIERS, chain("trusted", "restricted", "standard"))).toBe("low");
    expect(rateOf(BUILT_IN_TIERS, chain("trusted"))).toBe("high");
    expect(rateOf(BUILT_IN_TIERS, chain("trusted", "gone"))).toBe("low");
    expect(rateOf(BUILT_IN_TIERS, [])).toBe("low");
  });
});

describe("a refused credential", () => {
  it("counts for the address it came from, and for nothing else", async () => {
    const { counted, holder } = counters();
    await countRefused(holder, "192.0.2.1");
    expect(counted).toEqual(["refused 192.0.2.1"]);
  });

  it.each([
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:0db8:0001:0002::9", "2001:db8:1:2"],
    ["2001:DB8:1:2:ffff::", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["192.0.2.1", "192.0.2.1"],
    [undefined, "nowhere"],
  ])("from %s is in the bucket %s: whoever has an IPv6 address has a network of them", (address, bucket) => {
    expect(addressBucket(address)).toBe(bucket);
  });
});

describe("what stops or revokes", () => {
  it("is never limited, and everything else is", () => {
    expect(PERMISSIONS.filter((permission) => isNeverLimited(permission)).toSorted()).toEqual([
      "agents:revoke",
      "agents:suspend",
      "keys:revoke",
      "operators:revoke",
      "signing-keys:rotate",
      "tokens:revoke",
      "transactions:stop",
      "users:stop",
      "workspaces:halt",
    ]);
    expect(isNeverLimited(null)).toBe(false);
  });
});
