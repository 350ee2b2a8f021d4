import { expect, it } from "vitest";
import type { LeaseClient } from "../../../src/access/lease-client.ts";
import { ok } from "../../../src/kernel/result.ts";
import { endOfChain } from "../../../src/oauth/mint-token.ts";
import type { RegisteredAgent } from "../../../src/registry/agents.ts";

const leases = (ttls: Readonly<Record<string, number | null>>): LeaseClient =>
  ({
    agent: (id: string) =>
      Promise.resolve(
        ok({
          askedAt: 1_000_000,
          answer: { ttl_ms: 2000, keys: [{ id: "key_1", ttl_ms: ttls[id] ?? null }] },
        }),
      ),
  }) as unknown as LeaseClient;

const agent = (expiresAt: number | null) => ({ expiresAt }) as RegisteredAgent;
const link = (id: string) => ({ agent: `agt_${id}`, epoch: 1, key: "key_1" }) as const;

it.each([
  ["nothing has an end", {}, [null, null], Infinity],
  ["the newest key ends", { agt_a: 5500 }, [null, null], 1005],
  ["a key further down ends first", { agt_a: 9500, agt_b: 3500 }, [null, null], 1003],
  ["an agent ends first", { agt_a: 9500 }, [null, 1_002_999], 1002],
])("the end of a chain is the earliest that is known: %s (P6)", async (_what, ttls, expiries, expected) => {
  const end = await endOfChain(leases(ttls), [link("a"), link("b")], expiries.map(agent));
  expect(end).toEqual({ ok: true, value: expected });
});
