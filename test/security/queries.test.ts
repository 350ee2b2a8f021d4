/** Every route × every query that is not well formed: refused with the member, never taken for something near it. */
import { beforeAll, describe, expect, it } from "vitest";
import { bearer, expectProblem, send } from "./calls.fixture.ts";
import { ADMIN, makeTenant, namesOf, type Tenant } from "./installation.fixture.ts";
import { OPERATIONS, pathOf, type Operation } from "./routes.fixture.ts";

let tenant: Tenant;

beforeAll(async () => {
  tenant = await makeTenant("mine", "crm");
});

const call = (operation: Operation, query: string) =>
  send(operation.method, `${pathOf(operation, { ...namesOf(tenant), agent: tenant.spare.id })}?${query}`, {
    authorization:
      operation.by === "anyone" ? undefined : operation.by === "agent" ? bearer(tenant.agent.key) : ADMIN,
  });

/** What is wrong for a parameter of this name, at every route that has it. @throws for one that the table lacks. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  limit: [
    "1e1",
    "0x10",
    "0b1",
    " 5",
    "5 ",
    "+5",
    "05",
    "5.0",
    "1_0",
    "",
    "0",
    "201",
    "-1",
    "\u0665",
    "NaN",
    "Infinity",
  ],
  after: ["1e1", "0x10", " 5", "+5", "05", "5.0", "", "-1", "9".repeat(16)],
  cursor: ["", "a b", "a=", "a/b", "é", "a\n", "4pi6", "QQ", "YR", "dome"],
  workspace: ["", "Mine", "mine ", "wsp", "a_b", "\u202emine", "mine\n"].map((text) =>
    text.replace("wsp", "wsp_"),
  ),
  agent: ["", "Bot", "bot ", "agt_1", "a\u200bb"],
  actor: ["", "Bot", "bot ", "agt_1", "a\u200bb"],
  kind: ["", "decisoin", "agent", "agent.", ".*", "nothing.*", "agent.*.*", "*"],
  tool: ["", "crm/", "crm/a b", "CRM", "crm//x"],
  decision: ["", "ALLOW", "maybe"],
  reason: ["", "a\u202eb", "a\nb"],
  operator: ["", "a b", "ad\u200bmin", "\u0430dmin"],
  request_id: [
    "",
    "x",
    "req_x",
    "req_01k9v3m8q2x7n5r4t6w0y1z2a",
    "REQ_01k9v3m8q2x7n5r4t6w0y1z2a3",
    "txn_01k9v3m8q2x7n5r4t6w0y1z2a3",
  ],
  txn: ["", "x", "txn_x", "req_01k9v3m8q2x7n5r4t6w0y1z2a3"],
  user: ["", "x", "usr_x", "agt_01k9v3m8q2x7n5r4t6w0y1z2a3"],
  since: ["", "yesterday", "2026-02-30T00:00:00Z", "2026-11-23", "2026-11-23T09:00:00", "1e12"],
  until: ["", "tomorrow", "2026-02-30T00:00:00Z", "2026-11-23", "1e12"],
  order: ["", "up", "NEWEST"],
  state: ["", "Active", "gone"],
  owner: ["", "a b", "a\u202eb"],
  steward: ["", "a b", "a\u202eb"],
  all_workspaces: ["", "1", "TRUE", "yes"],
  // A provider's subject and tenant may be nearly anything; an operator's may not.
  "listOperators.subject": ["", "a b", "a\u202eb"],
  issuer: ["", "a\nb", "x".repeat(2049)],
  subject: ["", "a\nb", "x".repeat(256)],
  tenant: ["", "a\nb", "x".repeat(256)],
  key: ["", "x", "key_x", "agt_01k9v3m8q2x7n5r4t6w0y1z2a3"],
  readings: ["", "1", "TRUE", "yes"],
  shadow: ["", "1", "TRUE", "yes"],
  live: ["", "1", "TRUE", "yes"],
  created_before: ["", "yesterday", "90d", "2026-02-30T00:00:00Z", "2026-11-23", "1e12"],
  expires_before: ["", "tomorrow", "30d", "2026-02-30T00:00:00Z", "2026-11-23", "1e12"],
  ids: [
    "",
    "agt_1",
    "agt_01k9v3m8q2x7n5r4t6w0y1z2a3,",
    `${"agt_01k9v3m8q2x7n5r4t6w0y1z2a3,".repeat(50)}agt_01k9v3m8q2x7n5r4t6w0y1z2a3`,
  ],
  tier: ["", "Standard", "a b"],
  label: ["", "a", "=b", "A=b", "a=\u202eb", "a=\n", `a=${"x".repeat(129)}`],
  sort: ["", "Name", "size", "--name", "+name", "name,created", "-"],
  search: ["", "-a", " a", "a  b", "a_b", "a%", "\u0430", "a b c d e", "x".repeat(64)],
  role: ["", "Admin", "root"],
  wait: ["", "true", "Effective"],
  force: ["", "1", "TRUE", "yes"],
  even_if_policies_break: ["", "1", "TRUE", "yes"],
};

describe("a parameter of a query", () => {
  const named = OPERATIONS.flatMap((operation) => operation.query.map((name) => [name, operation] as const));

  it.each(
    named.map(
      ([name, operation]) => [`${name} of ${operation.method} ${operation.path}`, name, operation] as const,
    ),
  )(
    "%s is refused where it can be nothing: what is passed over is believed to have counted",
    async (_what, name, operation) => {
      const wrong = WRONG[`${operation.id}.${name}`] ?? WRONG[name];
      if (wrong === undefined) throw new Error(`teach the matrix what is wrong for ${name}`);
      const home = name !== "workspace" && operation.query.includes("workspace") ? "workspace=mine&" : "";
      for (const value of wrong) {
        const said = expectProblem(
          await call(operation, `${home}${name}=${encodeURIComponent(value)}`),
          "invalid_request",
        );
        expect({ value, named: [...new Set(said.errors?.map(({ member }) => member))] }).toEqual({
          value,
          named: [name],
        });
      }
    },
  );
});

const ESCAPES = ["%ED%A0%80", "%FF", "%C0%AF", "%E2%82", "%zz", "%"];

describe("a query that is not UTF-8", () => {
  it.each(
    OPERATIONS.filter(({ by }) => by !== "client").map(
      (operation) => [`${operation.method} ${operation.path}`, operation] as const,
    ),
  )("is refused at %s: read with a replacement it would be another one", async (_what, operation) => {
    for (const escape of ESCAPES) {
      const name = operation.query[0] ?? "a";
      for (const query of [`${name}=${escape}`, `${escape}=1`])
        expect(expectProblem(await call(operation, query), "invalid_request").detail).toMatch(/UTF-8/);
    }
  });
});

describe("a form that is not UTF-8", () => {
  it.each(
    OPERATIONS.filter(({ by }) => by === "client").map(
      (operation) => [`${operation.method} ${operation.path}`, operation] as const,
    ),
  )("is refused at %s in the words of OAuth", async (_what, operation) => {
    for (const escape of ESCAPES) {
      const answer = await send(operation.method, operation.path, {
        authorization: bearer(tenant.agent.key),
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `grant_type=client_credentials&token=${escape}`,
      });
      expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { error: "invalid_request" }]);
    }
  });
});

describe("the tail of the trail", () => {
  it.each(["x", "1e1", "0x10", "-1", "5, 6", "9".repeat(16)])(
    "is refused with Last-Event-ID: %s, because it would begin somewhere else",
    async (id) => {
      const answer = await send("GET", "/api/v1/audit/tail", {
        authorization: ADMIN,
        headers: { "last-event-id": id },
      });
      expect(expectProblem(answer, "invalid_request").detail).toMatch(/Last-Event-ID/);
    },
  );
});

describe("a span of time", () => {
  it.each(["2026-11-23T08:59:59Z", "2026-11-23T10:00:00+02:00"])(
    "that ends at %s, before it begins, is refused, as nothing can be in it",
    async (until) => {
      const query = new URLSearchParams({ since: "2026-11-23T09:00:00Z", until }).toString();
      for (const path of ["/api/v1/audit", "/api/v1/audit/tail"]) {
        const answer = await send("GET", `${path}?${query}`, { authorization: ADMIN });
        expect(expectProblem(answer, "invalid_request").errors?.map(({ member }) => member)).toEqual([
          "until",
        ]);
      }
    },
  );
});
