/** Random sequences of hops, taken with the rules of the service and signed as the service signs them. */
import * as fc from "fast-check";
import type { CallTokenClaims } from "../../../src/contract/call-token.ts";
import { parseScope, type Scope } from "../../../src/contract/scope.ts";
import { delegate, type Hop, type Subject, type HopRequest } from "../../../src/delegation/hop.ts";
import { exchangedClaims, receiptClaims } from "../../../src/delegation/issue.ts";
import { signActorReceipt } from "../../../src/delegation/receipt.ts";
import { IAT, ISSUER, PROVIDER, SELF, USER, type Issuer } from "../tokens/fixture.ts";
import { agent } from "./fixture.ts";

const AGENTS = 6;
const ulid = (n: number): string => String(n).padStart(26, "0");
export const nameOf = (n: number): string => `agent-${n}`;
export const keyOf = (n: number) => `key_${ulid(n)}` as const;

export function scopeOf(text: string): Scope {
  const scope = parseScope(text);
  if (!scope.ok) throw new Error(text);
  return scope.value;
}

/** One attempt: agent `client` exchanges what the last one holds. */
export interface Step {
  readonly client: number;
  readonly scope: string | undefined;
  readonly audience: string | undefined;
  readonly maxDepth: number;
  readonly maxLifetime: number;
  /** Seconds that pass before it. */
  readonly pause: number;
  readonly actorLives: number | undefined;
}

export interface World {
  readonly user: boolean;
  /** `delegates[a]` holds b: a's entry names b. */
  readonly delegates: readonly (readonly number[])[];
  readonly parents: readonly (number | null)[];
  readonly steps: readonly Step[];
}

const ITEMS = [
  "surface",
  "tool:crm",
  "tool:crm/read",
  "tool:crm/write",
  "tool:mail",
  "pool:fast",
  "integration:erp",
];
export const DOORS = [ISSUER, `${ISSUER}/v1`, `${ISSUER}/mcp/crm`, `${ISSUER}/tools/crm`];
const index = fc.nat({ max: AGENTS - 1 });
const scope = fc
  .uniqueArray(fc.constantFrom(...ITEMS), { minLength: 1, maxLength: 2 })
  .map((items) => items.join(" "));

const step: fc.Arbitrary<Step> = fc.record({
  client: index,
  scope: fc.option(scope, { nil: undefined }),
  audience: fc.option(fc.constantFrom(...DOORS), { nil: undefined }),
  maxDepth: fc.constantFrom(2, 4, 8, 8),
  maxLifetime: fc.constantFrom(60, 300, 300),
  pause: fc.constantFrom(0, 0, 1, 40),
  actorLives: fc.option(fc.constantFrom(20, 300), { nil: undefined }),
});

export const world: fc.Arbitrary<World> = fc.record({
  user: fc.boolean(),
  delegates: fc.array(fc.uniqueArray(index, { minLength: 2 }), { minLength: AGENTS, maxLength: AGENTS }),
  parents: fc.array(fc.option(index), { minLength: AGENTS, maxLength: AGENTS }),
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
});

export interface Taken {
  readonly subject: Subject;
  readonly wanted: HopRequest;
  readonly hop: Hop;
  readonly claims: CallTokenClaims;
}

/** Takes what the rules allow of the steps, one after the other. @returns the hops that were allowed, oldest first. */
export async function walk(issuer: Issuer, { user, delegates, parents, steps }: World): Promise<Taken[]> {
  const taken: Taken[] = [];
  let now = IAT;
  let subject: Subject = user
    ? { kind: "user", id: USER, provider: PROVIDER, mayAct: undefined, expiresAt: IAT + 500 }
    : holding(ownToken(0), delegates);
  for (const [n, asked] of steps.entries()) {
    now += asked.pause;
    const parent = parents[asked.client] ?? null;
    const wanted: HopRequest = {
      issuer: ISSUER,
      client: {
        id: agent(asked.client),
        name: nameOf(asked.client),
        parentId: parent === null ? null : agent(parent),
        epoch: 1,
        key: keyOf(asked.client),
      },
      scope: asked.scope === undefined ? undefined : scopeOf(asked.scope),
      audience: asked.audience,
      maxDepth: asked.maxDepth,
      maxLifetime: asked.maxLifetime,
      actorExpiresAt: asked.actorLives === undefined ? undefined : now + asked.actorLives,
      now,
    };
    const hop = delegate(subject, wanted);
    if (!hop.ok) continue;
    const claims = await issued(issuer, subject, hop.value, { n: n + 1, client: asked.client, now });
    taken.push({ subject, wanted, hop: hop.value, claims });
    subject = holding(claims, delegates);
  }
  return taken;
}

async function issued(
  issuer: Issuer,
  subject: Subject,
  hop: Hop,
  { n, client, now }: { readonly n: number; readonly client: number; readonly now: number },
): Promise<CallTokenClaims> {
  const ids = { jti: `tok_${ulid(n)}`, receipt: `rct_${ulid(n)}`, txn: `txn_${ulid(n)}` } as const;
  const evidence = receiptClaims(subject, hop, ids, { issuer: ISSUER, now });
  const receipt = evidence === undefined ? undefined : await signActorReceipt(evidence, issuer.receipt);
  const setting = {
    issuer: ISSUER,
    workspace: SELF.dome.workspace,
    name: nameOf(client),
    tier: "trusted",
    haltEpoch: 0,
    userEpoch: 0,
    email: undefined,
    groups: undefined,
    now,
  };
  return exchangedClaims(subject, hop, ids, setting, receipt);
}

/** The token of an agent that acts for itself. */
export const ownToken = (n: number): CallTokenClaims => ({
  ...SELF,
  sub: agent(n),
  client_id: agent(n),
  jti: `tok_${ulid(0)}`,
  dome: {
    ...SELF.dome,
    chain: [{ agent: agent(n), epoch: 1, key: keyOf(n) }],
    path: [`tok_${ulid(0)}`],
  },
});

/** A token as the subject of the next hop: its current actor delegates. */
export function holding(claims: CallTokenClaims, delegates: World["delegates"]): Subject {
  const id = claims.client_id;
  const holder = Number(id.slice("agt_".length));
  return {
    kind: "token",
    claims,
    scope: scopeOf(claims.scope),
    delegator: { id, name: nameOf(holder), delegatesTo: (delegates[holder] ?? []).map(nameOf) },
  };
}
