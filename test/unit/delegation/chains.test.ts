/** P6 over random sequences of hops: a chain only narrows, and whatever stops one of its agents stops the chain. */
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { tokenStateOf } from "../../../src/access/token-state.ts";
import type { ActorReceipt } from "../../../src/contract/actor-receipt.ts";
import { actorsOf, callTokenClaims } from "../../../src/contract/call-token.ts";
import type { Resource } from "../../../src/contract/resource.ts";
import { scopeCovers } from "../../../src/contract/scope.ts";
import { verifyChain } from "../../../src/delegation/verify-chain.ts";
import type { Subject } from "../../../src/delegation/hop.ts";
import { receiptHash, verifyActorReceipt } from "../../../src/delegation/receipt.ts";
import { admit, type TokenState, type LeaseSet } from "../../../src/lifecycle/admission.ts";
import type { AgentAnswer, WorkspaceAnswer } from "../../../src/lifecycle/lease.ts";
import { mintCallToken } from "../../../src/tokens/mint.ts";
import { verifyCallToken } from "../../../src/tokens/verify.ts";
import { nodeProcess } from "../../support/node-process.ts";
import { BASE64URL, IAT, ISSUER, makeIssuer, NOW, type Issuer } from "../tokens/fixture.ts";
import { honestChain, WHOLE } from "./fixture.ts";
import { DOORS, scopeOf, walk, world, type Taken } from "./hop.fixture.ts";

const RUNS = nodeProcess.env["DOME_DEEP"] === "1" ? 2000 : 100;
let issuer: Issuer;
beforeAll(async () => {
  issuer = await makeIssuer();
});

const overChains = (holds: (taken: readonly Taken[]) => Promise<void> | void) =>
  fc.assert(
    fc.asyncProperty(world, async (drawn) => {
      const taken = await walk(issuer, drawn);
      fc.pre(taken.length > 0);
      await holds(taken);
    }),
    { numRuns: RUNS },
  );

const RESOURCES: readonly Resource[] = [
  { kind: "tool", name: "crm", part: null },
  { kind: "tool", name: "crm", part: "read" },
  { kind: "tool", name: "crm", part: "write" },
  { kind: "tool", name: "mail", part: null },
  { kind: "pool", name: "fast", part: null },
  { kind: "integration", name: "erp", part: null },
];
const reach = (scope: string): Resource[] =>
  RESOURCES.filter((resource) => scopeCovers(scopeOf(scope), resource));
const doors = (audience: string): string[] => (audience === ISSUER ? DOORS : [audience]);

/** What a subject's own token says, or would say where a user is the subject. */
function heldOf(subject: Subject) {
  if (subject.kind === "token") return subject.claims;
  const { id: sub, expiresAt: exp } = subject;
  return { sub, sub_profile: "user", scope: "surface", aud: ISSUER, exp, txn: undefined };
}

describe("P6", () => {
  test("scope, audience and lifetime never grow, sub and txn never change", async () => {
    await overChains((taken) => {
      for (const { subject, hop, claims, wanted } of taken) {
        expect(claims.exp - claims.iat).toBe(hop.lifetime);
        expect(hop.lifetime).toBeLessThanOrEqual(wanted.maxLifetime);
        expect(claims.exp).toBeLessThanOrEqual(wanted.actorExpiresAt ?? Infinity);
        const held = heldOf(subject);
        expect(reach(held.scope)).toEqual(expect.arrayContaining(reach(claims.scope)));
        expect(doors(held.aud)).toEqual(expect.arrayContaining(doors(claims.aud)));
        expect(claims.exp).toBeLessThanOrEqual(held.exp);
        expect([claims.sub, claims.sub_profile]).toEqual([held.sub, held.sub_profile]);
        expect(claims.txn).toBe(held.txn ?? claims.txn);
      }
    });
  });

  test("no agent is lost or moved, none stands there twice, and the depth is bounded", async () => {
    await overChains((taken) => {
      for (const { subject, hop, claims, wanted } of taken) {
        const held = subject.kind === "user" ? undefined : subject.claims;
        const before = held?.dome.chain ?? [];
        const added = hop.basis === null ? 0 : 1;
        expect(claims.dome.chain.slice(added)).toEqual(before);
        expect(actorsOf(claims.act).slice(added)).toEqual(actorsOf(held?.act));
        const agents = claims.dome.chain.map((link) => link.agent);
        expect(new Set(agents).size).toBe(agents.length);
        expect(agents[0]).toBe(wanted.client.id);
        expect(agents.length).toBeLessThanOrEqual(wanted.maxDepth);
        expect(claims.dome.path).toEqual([...(held?.dome.path ?? []), claims.jti]);
      }
    });
  });

  test("every token of it is accepted, and may_act is in none", async () => {
    await overChains(async (taken) => {
      for (const { claims } of taken) {
        expect(callTokenClaims.parse(claims)).toEqual(claims);
        expect(JSON.stringify(claims)).not.toContain("may_act");
        const verified = await verifyCallToken(await mintCallToken(claims, issuer.token), {
          issuer: ISSUER,
          audiences: "any",
          keySet: issuer.keySet,
          now: claims.iat * 1000,
        });
        expect(verified.ok).toBe(true);
      }
    });
  });

  test("its receipts are one per actor, linked, of one subject and transaction, and the newest is the token's", async () => {
    await overChains(async (taken) => {
      const { claims } = taken.at(-1) ?? never();
      const texts = claims.actor_receipts ?? [];
      const actors = actorsOf(claims.act);
      expect(texts).toHaveLength(actors.length);
      const receipts: ActorReceipt[] = [];
      for (const text of texts) {
        const receipt = await verifyActorReceipt(text, { issuer: ISSUER, keys: issuer.keySet.keys });
        if (!receipt.ok) throw new Error(receipt.error.kind);
        receipts.push(receipt.value);
      }
      expect(receipts.map((receipt) => receipt.act.sub)).toEqual(actors);
      for (const [n, receipt] of receipts.entries()) {
        const older = texts[n + 1];
        expect(receipt.prh).toBe(older === undefined ? undefined : receiptHash(older));
        expect(receipt).toMatchObject({ sub: claims.sub, txn: claims.txn });
        expect(reach(receipts[n + 1]?.scope ?? "surface")).toEqual(
          expect.arrayContaining(reach(receipt.scope)),
        );
      }
      const { jti: origin_jti, scope, aud: target } = claims;
      expect(receipts.slice(0, 1)).toMatchObject(
        actors.slice(0, 1).map(() => ({ origin_jti, scope, target })),
      );
    });
  });
});

test("every honest chain verifies offline, and reads as the token does (dome chain verify)", async () => {
  await overChains(async (taken) => {
    const { claims } = taken.at(-1) ?? never();
    fc.pre(claims.act !== undefined);
    const token = await mintCallToken(claims, issuer.token);
    const options = { issuer: ISSUER, keys: issuer.keySet.keys, now: claims.iat * 1000 };
    const chains = [{ token }, { receipts: claims.actor_receipts ?? [] }];
    for (const chain of chains) expect(await verifyChain(chain, options)).toMatchObject({ ok: true });
  });
});

function never(): never {
  throw new Error("unreachable");
}

describe("P3: one that is stopped stops the chain", () => {
  type Stop = (held: LeaseSet, state: TokenState, which: number) => LeaseSet;
  const withAgent =
    (change: (answer: AgentAnswer, state: TokenState, which: number) => Partial<AgentAnswer>): Stop =>
    (held, state, which) => {
      const { agent } = state.chain[which % state.chain.length] ?? never();
      const lease = held.agents.get(agent) ?? never();
      const answer = { ...lease.answer, ...change(lease.answer, state, which) };
      return { ...held, agents: new Map([...held.agents, [agent, { ...lease, answer }]]) };
    };
  const withWorkspace =
    (change: (answer: WorkspaceAnswer, state: TokenState) => Partial<WorkspaceAnswer>): Stop =>
    (held, state) => {
      const lease = held.workspace ?? never();
      return {
        ...held,
        workspace: { ...lease, answer: { ...lease.answer, ...change(lease.answer, state) } },
      };
    };
  // oxlint-disable-next-line unicorn/no-thenable -- a word of the contract
  const DRAINING = { deadline_ms: 1000, then: "suspended" } as const;
  const stops: Readonly<Record<string, Stop>> = {
    "an agent is suspended": withAgent(() => ({ state: "suspended" })),
    "an agent is revoked": withAgent(() => ({ state: "revoked" })),
    "an agent was stopped and let go on": withAgent(({ epoch }) => ({ epoch: epoch + 2 })),
    "an agent is restored from an old backup": withAgent(({ epoch }) => ({ epoch: epoch - 1 })),
    "an agent's key is gone": withAgent(() => ({ keys: [] })),
    "a token of the path is revoked": withAgent((_answer, { path }, which) => ({
      revoked: [path[which % path.length] ?? never()],
    })),
    "an agent drains": withAgent(() => ({ draining: DRAINING })),
    "the workspace is halted": withWorkspace(() => ({ halted: true })),
    "the workspace was halted and let go on": withWorkspace(({ halt_epoch }) => ({
      halt_epoch: halt_epoch + 1,
    })),
    "the user is stopped": withWorkspace((_answer, { user }) => ({ stopped_users: [user ?? never()] })),
    "the transaction is stopped": withWorkspace((_answer, { txn }) => ({ stopped_txns: [txn ?? never()] })),
  };

  const leases = ({ chain, haltEpoch }: TokenState): LeaseSet => ({
    agents: new Map(
      chain.map(({ agent, epoch, key }) => [
        agent,
        {
          askedAt: NOW,
          answer: {
            state: "active",
            epoch,
            keys: [{ id: key, ttl_ms: null }],
            record_version: 1,
            revoked: [],
            ttl_ms: 2000,
          },
        },
      ]),
    ),
    workspace: {
      askedAt: NOW,
      answer: {
        config_epoch: 1,
        halt_epoch: haltEpoch,
        halted: false,
        stopped_users: [],
        stopped_txns: [],
        ttl_ms: 2000,
      },
    },
    org: { askedAt: NOW, answer: { config_epoch: 1, ttl_ms: 2000 } },
  });

  test.each(Object.entries(stops))("%s", async (what, stop) => {
    await fc.assert(
      fc.asyncProperty(world, fc.nat(), async (drawn, which) => {
        const leaf = (await walk(issuer, drawn)).at(-1);
        fc.pre(leaf?.claims.act !== undefined);
        const state = tokenStateOf((leaf ?? never()).claims);
        fc.pre(what !== "the user is stopped" || state.user !== undefined);
        expect(admit(state, leases(state), NOW).ok).toBe(true);
        expect(admit(state, stop(leases(state), state, which), NOW).ok).toBe(false);
      }),
      { numRuns: RUNS / 2 },
    );
  });
});

describe("one byte is another token", () => {
  const BYTES = [...BASE64URL, ".", "=", "+", "/", " "];
  const change = (text: string, at: number, byte: string): string => {
    const place = at % text.length;
    return text.slice(0, place) + byte + text.slice(place + 1);
  };

  test("of a call token with a chain, and of each receipt in it", async () => {
    const hops = [WHOLE, { scope: "tool:crm", target: ISSUER }];
    const { token, receipts } = await honestChain(issuer, { hops, user: true });
    const options = { issuer: ISSUER, audiences: [ISSUER], keySet: issuer.keySet, now: (IAT + 1) * 1000 };
    expect((await verifyCallToken(token, options)).ok).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(...BYTES), async (at, byte) => {
        const altered = change(token, at, byte);
        fc.pre(altered !== token);
        expect((await verifyCallToken(altered, options)).ok).toBe(false);
        for (const receipt of receipts) {
          const forged = change(receipt, at, byte);
          const verified = await verifyActorReceipt(forged, { issuer: ISSUER, keys: issuer.keySet.keys });
          expect(verified.ok && forged !== receipt).toBe(false);
        }
      }),
      { numRuns: RUNS * 5 },
    );
  });

  test("the last byte of a signature has bits that mean nothing: none of its other spellings is taken", async () => {
    const { token, receipts } = await honestChain(issuer, { hops: [WHOLE], user: true });
    const options = { issuer: ISSUER, audiences: [ISSUER], keySet: issuer.keySet, now: (IAT + 1) * 1000 };
    for (const byte of BYTES) {
      const altered = token.slice(0, -1) + byte;
      expect((await verifyCallToken(altered, options)).ok).toBe(altered === token);
      const [receipt = ""] = receipts;
      const forged = receipt.slice(0, -1) + byte;
      const verified = await verifyActorReceipt(forged, { issuer: ISSUER, keys: issuer.keySet.keys });
      expect(verified.ok).toBe(forged === receipt);
    }
  });
});
