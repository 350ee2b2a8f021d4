/** What the service issues is a chain that a stranger can verify with the published keys, and that the trail can tell. */
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { transactionTree, type TransactionNode } from "../../src/audit/transaction.ts";
import { tokenResponse } from "../../src/contract/oauth.ts";
import type { ChainReport } from "../../src/delegation/chain-report.ts";
import { verifyChain, type ChainInput } from "../../src/delegation/verify-chain.ts";
import { keysFromJwks } from "../../src/signing/published-keys.ts";
import { basic, claimsOf, introspect, postForm, revoke } from "../support/oauth-doors.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { check, freshWorkspace, operator, token, worker, type Registered } from "../support/worker-api.ts";

const api = operator();
let home: string;
let a: Registered;
let b: Registered;
let c: Registered;

async function exchange(agent: Registered, form: Readonly<Record<string, string>>): Promise<string> {
  const answer = await postForm("/api/v1/auth/token", basic(agent.id, agent.secret), {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    ...form,
  });
  if (answer.status !== 200) throw new Error(answer.text);
  return tokenResponse.parse(JSON.parse(answer.text)).access_token;
}

/** With what is published, and nothing else. */
async function verified(input: ChainInput): Promise<ChainReport> {
  const published = await worker(new Request(`${TEST_ISSUER}/.well-known/jwks.json`));
  const keys = await keysFromJwks(await published.json());
  if (!keys.ok) throw new Error(JSON.stringify(keys.error));
  const report = await verifyChain(input, { issuer: TEST_ISSUER, keys: keys.value, now: Date.now() });
  if (!report.ok) throw new Error(JSON.stringify(report.error));
  return report.value;
}

beforeAll(async () => {
  home = await freshWorkspace();
  const surface = { tools: ["crm"], pools: [], integrations: [] };
  await api.addTool({ name: "crm", workspace: home });
  c = await api.start({ name: "c", workspace: home, surface });
  b = await api.start({ name: "b", workspace: home, surface, delegates_to: ["c"] });
  a = await api.start({ name: "a", workspace: home, surface, delegates_to: ["b"] });
});

describe("a chain of exchanges", () => {
  it("verifies with the published keys alone, each hop with what it was given and why", async () => {
    const first = await exchange(b, { subject_token: await token(a.secret) });
    const second = await exchange(c, { subject_token: first, scope: "tool:crm" });

    const report = await verified({ token: second });

    expect(report).toMatchObject({ subject: a.id, actor: c.id, complete: true, token: { expired: false } });
    expect(report.hops.map(({ actor, scope, target, basis }) => [actor, scope, target, basis])).toEqual([
      [b.id, "surface", TEST_ISSUER, "delegates_to"],
      [c.id, "tool:crm", TEST_ISSUER, "delegates_to"],
    ]);
  });

  it("still verifies when the holder narrows what it holds, twice", async () => {
    const hop = await exchange(b, { subject_token: await token(a.secret) });
    const narrowed = await exchange(b, { subject_token: hop, scope: "tool:crm" });
    const again = await exchange(b, { subject_token: narrowed, scope: "tool:crm/read" });
    const onward = await exchange(c, { subject_token: again });

    expect((await verified({ token: again })).hops).toHaveLength(1);
    expect((await verified({ token: onward })).hops.map(({ scope }) => scope)).toEqual([
      "tool:crm/read",
      "tool:crm/read",
    ]);
    expect(
      (await verified({ token: await exchange(a, { subject_token: await token(a.secret) }) })).hops,
    ).toEqual([]);
  });

  it("verifies by the receipts that introspection gives", async () => {
    const held = await exchange(b, { subject_token: await token(a.secret) });
    const answer = await introspect(basic(b.id, b.secret), held);
    const { actor_receipts: receipts } = z
      .object({ actor_receipts: z.array(z.string()) })
      .parse(JSON.parse(answer.text));
    expect(await verified({ receipts })).toMatchObject({ subject: a.id, actor: b.id, complete: null });
  });

  it("is a tree in the trail: tokens by the token they came from, decisions by the one they were asked with", async () => {
    const first = await exchange(b, { subject_token: await token(a.secret) });
    const second = await exchange(c, { subject_token: first, scope: "tool:crm" });
    await check(second, { tool: "crm" });
    await check(first, { tool: "crm" });
    await revoke(basic(c.id, c.secret), second);
    const { txn = "", jti } = claimsOf(first);

    const { root, children } = transactionTree(await api.auditWith(5, { workspace: home, txn }));

    const kinds = (node: TransactionNode): unknown => [
      node.kind === "token" ? node.id : node.entry?.kind,
      ...node.children.map(kinds),
    ];
    expect(root).toEqual({ kind: "agent", id: a.id });
    expect(children.map(kinds)).toEqual([
      [jti, [claimsOf(second).jti, ["decision"], ["token.revoked"]], ["decision"]],
    ]);
  });
});
