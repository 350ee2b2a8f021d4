/** Who did what for whom: the trail names agents and users beside their ids, in one reading of the registry for a page. */
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ShownEntry } from "../../src/contract/audit.ts";
import { decision, explanation } from "../../src/contract/check.ts";
import { answering, testIdp, type TestIdp } from "../support/test-idp.ts";
import { watchedBindings, workerWith } from "../support/observed-bindings.ts";
import { TEST_ADMIN_TOKEN } from "../support/fixed-secrets.ts";
import { call, operator, worker } from "../support/worker-api.ts";
import { exchanged, IDT } from "./exchange.fixture.ts";
import { userHome, type UserHome } from "./users.fixture.ts";

const api = operator();
const ALICE = "alice@example.com";
let idp: TestIdp;
let at: UserHome;
let user: string;
/** Of agent b for agent a for Alice. */
let decided: { readonly decision_id: string; readonly txn: string };

beforeAll(async () => {
  idp = await testIdp("https://login.whom.example");
  answering(idp);
  at = await userHome(idp);
  user = at.userOf("ada");
  const idToken = await at.idToken({ email: ALICE, email_verified: true });
  const first = await exchanged(at.a, { subject_token: idToken, subject_token_type: IDT });
  const second = await exchanged(at.b, { subject_token: first.token });
  const asked = await call(worker, second.token, "POST", "/api/v1/check", { body: { tool: "crm" } });
  decided = decision.parse(asked.body);
}, 30_000);
beforeEach(() => {
  answering(idp);
});
afterEach(() => vi.restoreAllMocks());

const records = (count: number, query: Record<string, string>): Promise<ShownEntry[]> =>
  api.auditWith(count, { workspace: at.home, ...query });

describe("a record in a list", () => {
  it("names every agent of the chain, and the user by the address that the provider verified", async () => {
    const [entry] = await records(1, { kind: "decision", txn: decided.txn });
    expect(entry?.names).toEqual({ [at.a.id]: "a", [at.b.id]: "b", [user]: ALICE });
  });

  it("says of an exchange who the user is at which provider", async () => {
    const [, entry] = await records(2, { kind: "token.exchanged", txn: decided.txn });
    expect(entry?.user).toEqual({ id: user, issuer: idp.issuer, subject: "ada", email: ALICE });
  });

  it("names what an operator's act is about, and no agent of another workspace", async () => {
    const [entry] = await records(1, { kind: "agent.registered", agent: "a" });
    expect(entry?.names).toEqual({ [at.a.id]: "a" });
  });

  it("costs one reading of the registry for a page, whatever stands on it", async () => {
    const readings = async (limit: 1 | 3): Promise<number> => {
      let count = 0;
      const watch = (use: string): void => void (count += use.startsWith("DB.") ? 1 : 0);
      const path = `/api/v1/audit?workspace=${at.home}&kind=agent.registered&limit=${limit}`;
      const page = await call(workerWith(watchedBindings(watch)), TEST_ADMIN_TOKEN, "GET", path);
      expect(page.status).toBe(200);
      return count;
    };
    await records(3, { kind: "agent.registered" });
    expect([await readings(1), await readings(3)]).toEqual([2, 2]); // the workspace, and all of the names
  });
});

describe("an explanation", () => {
  it("says for whom, and what every agent is called", async () => {
    const { user: whom, names, chain } = await api.explain(decided.decision_id, at.home);
    expect(whom).toEqual({ id: user, email: ALICE });
    expect(chain.map(({ agent }) => names[agent])).toEqual(["b", "a"]);
  });

  it("tells an agent of the chain no address: it has the call, and not the trail", async () => {
    const answer = await call(worker, at.b.secret, "GET", `/api/v1/decisions/${decided.decision_id}`);
    const { user: whom, names } = explanation.parse(answer.body);
    expect(whom).toEqual({ id: user, email: null });
    expect(names).toEqual({ [at.a.id]: "a", [at.b.id]: "b" });
  });
});

describe("erasure", () => {
  it("does not name a user any more whose records were erased", async () => {
    const ids = (await records(3, { user })).map(({ id }) => id);
    await env.LEDGER.getByName(at.workspace).erase(ids);
    const [entry] = await records(1, { kind: "decision", txn: decided.txn });
    expect(entry?.names).toEqual({ [at.a.id]: "a", [at.b.id]: "b" });
    const kept = await runInDurableObject(env.LEDGER.getByName(at.workspace), (_object, { storage }) =>
      storage.sql.exec("SELECT * FROM users WHERE email IS NOT NULL OR subject IS NOT NULL").toArray(),
    );
    expect(kept).toEqual([]);
  });
});
