/**
 * "Not found" and "not yours" are one answer (P11): whatever names something of another tenant is answered, byte for
 * byte, like what names nothing. Only the reference itself, as the caller sent it, may differ.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { AuditEntry } from "../../src/contract/audit.ts";
import type { Decision } from "../../src/contract/check.ts";
import type { Status } from "../../src/contract/status.ts";
import { bearer, done, jsonOf, send, type Answer, type Sent } from "./calls.fixture.ts";
import {
  activeAgent,
  ADMIN,
  callToken,
  ids,
  makeTenant,
  namesOf,
  operatorToken,
  type Tenant,
} from "./installation.fixture.ts";
import { bodyFor, OPERATIONS, pathOf, type Operation } from "./routes.fixture.ts";

let mine: Tenant;
let theirs: Tenant;
/** An admin, but of one workspace only. */
let bound: string;

beforeAll(async () => {
  mine = await makeTenant("mine", "crm");
  theirs = await makeTenant("theirs", "vault");
  bound = bearer(await operatorToken({ role: "admin", subject: "bound@example.com", workspaces: ["mine"] }));
}, 60_000);

/** What an answer says, without the request id and the references that were asked for. */
function said(answer: Answer, ...references: readonly string[]): object {
  const requestId = answer.headers.get("dome-request-id") ?? "";
  const hidden = [requestId, ...references].filter((reference) => reference !== "");
  const strip = (text: string): string => hidden.reduce((left, each) => left.replaceAll(each, "…"), text);
  return {
    status: answer.status,
    headers: [...answer.headers].map(([name, value]) => `${name}: ${strip(value)}`).toSorted(),
    body: strip(answer.text),
  };
}

/** What each path parameter may name: of the other tenant, well-formed and nothing, and no id at all. */
const foreign = (): Readonly<Record<string, readonly [string, string, string]>> => ({
  workspace: [theirs.workspace.name, "nobody", "no-such-1"],
  agent: [theirs.agent.id, ids.next("agt"), "no-such-2"],
  key: [theirs.agent.keyId, ids.next("key"), "no-such-3"],
  halt: [theirs.halt, ids.next("hlt"), "no-such-4"],
  decision: [theirs.decision, ids.next("dec"), "no-such-5"],
  record: [theirs.record, ids.next("evt"), "no-such-7"],
  name: [theirs.entry, "nothing", "no-such-6"],
  // Of a tool that is named beside it: the name of an operation alone is nobody's.
  operation: ["other", "nothing", "no-such-9"],
  secret: [theirs.toolSecret, ids.next("sec"), "no-such-8"],
});

/** No look-up at all: an id is stopped in the workspace of the path, whoever has made it. */
const LOOKED_UP_NOWHERE = ["txn"];

/** What belongs to no workspace. Operators are for nobody who is bound to one: the answer is 403 throughout. */
const INSTALLATION_WIDE = ["tier", "operator", "scope", "version"];

const call = (operation: Operation, values: Readonly<Record<string, string>>, query = "", as = bound) =>
  send(operation.method, pathOf(operation, values) + query, {
    authorization: as,
    body: operation.body === null ? undefined : bodyFor(operation, "unwanted"),
  });

const table = (operations: readonly Operation[]) =>
  operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

const open = OPERATIONS.filter(({ by }) => by === "operator" || by === "either");
const naming = open.filter(({ params }) => params.some((name) => !INSTALLATION_WIDE.includes(name)));

/** What belongs to the whole installation takes no workspace: other tests refuse it to who is bound to one. */
const OF_NO_WORKSPACE = [
  "createWorkspace",
  "createOperator",
  "addTier",
  "rotateSigningKeys",
  "rewrapRootKey",
  "replayAudit",
  "identifyKey", // of whichever workspace the key is: test/worker/users.test.ts
];

describe("an operator of one workspace", () => {
  it.each(table(naming))(
    "%s answers to another tenant's name or id as to one that names nothing (P11)",
    async (_name, operation) => {
      const own = namesOf(mine);
      for (const param of operation.params.filter((each) => !LOOKED_UP_NOWHERE.includes(each))) {
        const references = foreign()[param];
        if (references === undefined) throw new Error(`teach the matrix what {${param}} may name elsewhere`);
        const answers = await Promise.all(
          references.map(async (value) =>
            said(
              await call(operation, { ...own, [param]: value, [`${operation.id}.${param}`]: value }),
              value,
            ),
          ),
        );
        expect(answers[0]).toMatchObject({ status: 404 });
        expect(answers[1], "theirs, and nothing").toEqual(answers[0]);
        expect(answers[2], "theirs, and no id at all").toEqual(answers[0]);
      }
    },
    30_000,
  );

  it.each(table(naming.filter(({ params }) => params.includes("agent"))))(
    "%s finds another tenant's agent by no name either, in no workspace (P11)",
    async (_name, operation) => {
      const { name, id } = theirs.agent;
      const [theirsByName, nobody, theirsById] = await Promise.all([
        call(operation, { ...namesOf(mine), agent: name }, "?workspace=theirs"),
        call(operation, { ...namesOf(mine), agent: "nobody" }, "?workspace=nowhere"),
        call(operation, { ...namesOf(mine), agent: id }, "?workspace=theirs"),
      ]);
      expect(said(theirsByName, name, "theirs")).toEqual(said(nobody, "nobody", "nowhere"));
      const absent = ids.next("agt");
      expect(said(theirsById, id, "theirs")).toEqual(
        said(
          await call(operation, { ...namesOf(mine), agent: absent }, "?workspace=nowhere"),
          absent,
          "nowhere",
        ),
      );
      const mineById = await call(operation, { ...namesOf(mine), agent: absent }, "?workspace=mine");
      expect(said(mineById, absent)).toEqual(said(theirsById, id, "theirs"));
    },
  );

  it.each(table(open.filter(({ params, query }) => params.length === 0 && query.includes("workspace"))))(
    "%s lists another workspace as little as one that does not exist (P11)",
    async (_name, operation) => {
      for (const other of ["theirs", theirs.workspace.id]) {
        const there = said(await call(operation, {}, `?workspace=${other}`), other);
        const nowhere = other === "theirs" ? "nowhere" : ids.next("wsp");
        expect(there).toEqual(said(await call(operation, {}, `?workspace=${nowhere}`), nowhere));
      }
    },
  );

  it.each(
    table(
      open.filter(
        ({ body, params, id }) => body !== null && params.length === 0 && !OF_NO_WORKSPACE.includes(id),
      ),
    ),
  )(
    "%s puts nothing into another workspace, and does not say that there is one (P11)",
    async (_name, operation) => {
      const into = async (workspace: string) =>
        said(
          await send(operation.method, operation.path, {
            authorization: bound,
            body: { ...bodyFor(operation, theirs.agent.name), workspace },
          }),
          workspace,
        );
      const refused = await into("theirs");
      expect(refused).toMatchObject({ status: 404 });
      expect(await into("nowhere")).toEqual(refused);
    },
  );

  it("creates no workspace, whether its name is taken or not", async () => {
    const create = async (name: string) =>
      said(await send("POST", "/api/v1/workspaces", { authorization: bound, body: { name } }), name);
    const refused = await create("theirs");
    expect(refused).toMatchObject({ status: 403 });
    expect(await create("free")).toEqual(refused);
  });

  it("sees its own workspace in the list and no other", async () => {
    const { items } = await done<{ items: { name: string }[] }>("GET", "/api/v1/workspaces", {
      authorization: bound,
    });
    expect(items.map(({ name }) => name)).toEqual(["mine"]);
  });

  it("is told the status of its own workspace only: of others neither ledgers nor the number of agents", async () => {
    const own = await done<Status>("GET", "/api/v1/status", { authorization: bound });
    expect(own.ledgers.map(({ name }) => name)).toEqual(["mine"]);
    const agents = await done<{ items: { state: string }[] }>("GET", "/api/v1/agents?limit=200", {
      authorization: bound,
    });
    const count = Object.values(own.agents).reduce((sum, each) => sum + each, 0);
    expect(count).toBe(agents.items.length);
  });

  it("names another tenant's agent as parent as little as nobody", async () => {
    const under = async (parent: string) => {
      const body = { name: "child", parent };
      return said(await send("POST", "/api/v1/agents", { authorization: bound, body }), parent);
    };
    const refused = await under(theirs.agent.id);
    expect(refused).toMatchObject({ status: 422 });
    expect(await under(ids.next("agt"))).toEqual(refused);
    expect(await under(theirs.agent.name)).toEqual(refused);
    expect(await under("nobody")).toEqual(refused);
  });

  it("replaces another tenant's key as little as none", async () => {
    const replace = async (replaces: string) => {
      const path = `/api/v1/agents/${mine.agent.id}/keys`;
      return said(await send("POST", path, { authorization: bound, body: { replaces } }), replaces);
    };
    const refused = await replace(theirs.agent.keyId);
    expect(refused).toMatchObject({ status: 404 });
    expect(await replace(ids.next("key"))).toEqual(refused);
  });

  it("filters the trail by another tenant's agent as by nobody", async () => {
    const filtered = async (filter: string, reference: string) =>
      said(await send("GET", `/api/v1/audit?${filter}=${reference}`, { authorization: bound }), reference);
    for (const filter of ["agent", "actor"]) {
      expect(await filtered(filter, theirs.agent.name)).toEqual(await filtered(filter, "nobody"));
      expect(await filtered(filter, theirs.agent.id)).toEqual(await filtered(filter, ids.next("agt")));
    }
  });

  it("reads no trail of the organization", async () => {
    expect(await send("GET", "/api/v1/audit?workspace=org", { authorization: bound })).toMatchObject({
      status: 403,
    });
  });

  it("leaves the other tenant's trail without a trace of all that, and finds nothing of it in its own", async () => {
    const trail = async (workspace: string) =>
      (
        await done<{ items: AuditEntry[] }>("GET", `/api/v1/audit?workspace=${workspace}&limit=200`, {
          authorization: ADMIN,
        })
      ).items;
    const theirTrail = JSON.stringify(await trail("theirs"));
    expect(theirTrail).toContain(theirs.agent.id);
    expect(theirTrail).not.toContain("bound@example.com");
    const changes = (await trail("mine")).filter(({ kind }) => kind !== "audit.read");
    expect(changes.length).toBeGreaterThan(5);
    for (const { agent } of changes) expect(agent).not.toBe(theirs.agent.id);
  });
});

describe("an agent", () => {
  it("is told of others' decisions what it is told of none: its workspace's, other tenants', made-up ones (P11)", async () => {
    const neighbour = await activeAgent("mine", "neighbour", { surface: { tools: ["crm"] } });
    const { decision_id: ofNeighbour } = await done<Decision>("POST", "/api/v1/check", {
      authorization: bearer(neighbour.key),
      body: { tool: "crm" },
    });
    const explain = async (credential: string, decision: string, query = "") =>
      said(
        await send("GET", `/api/v1/decisions/${decision}${query}`, { authorization: bearer(credential) }),
        decision,
      );
    const references = [
      theirs.decision,
      ofNeighbour,
      ids.next("dec"),
      `dec_${"0".repeat(26)}`,
      "dec_x",
      "no-such-decision",
    ];
    const answers = await Promise.all([
      ...references.map((decision) => explain(mine.agent.key, decision)),
      ...references.map((decision) => explain(mine.token, decision)),
      explain(mine.agent.key, theirs.decision, "?workspace=theirs"),
    ]);
    expect(answers[0]).toMatchObject({ status: 404 });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(
      await send("GET", `/api/v1/decisions/${mine.decision}`, { authorization: bearer(mine.token) }),
    ).toMatchObject({
      status: 200,
    });
  }, 30_000);

  it("is denied another tenant's tool in the words in which it is denied one that does not exist (P1)", async () => {
    const agent = await activeAgent("mine", "prober", { surface: { tools: ["vault", "nothing"] } });
    const check = async (tool: string) => {
      const sent: Sent = { authorization: bearer(await callToken(agent.key)), body: { tool } };
      const { decision, reason, detail, change } = jsonOf(
        await send("POST", "/api/v1/check", sent),
      ) as Decision;
      return JSON.stringify({ decision, reason, detail, change }).replaceAll(tool, "…");
    };
    expect(await check("vault")).toContain("catalog_missing");
    expect(await check("vault")).toBe(await check("nothing"));
  });
});

describe("a developer", () => {
  it.each(table(naming.filter(({ params }) => params.includes("agent"))))(
    "%s answers to somebody else's agent as to none (P11)",
    async (_name, operation) => {
      const developer = bearer(await operatorToken({ role: "developer", workspaces: ["mine"] }));
      const { id, name } = mine.agent;
      const [absentId, absentName] = [ids.next("agt"), "nobody"];
      const ask = async (agent: string) =>
        said(await call(operation, { ...namesOf(mine), agent }, "", developer), agent);
      expect(await ask(id)).toEqual(await ask(absentId));
      expect(await ask(name)).toEqual(await ask(absentName));
      expect(await ask(name)).toEqual(await ask(absentId));
    },
  );

  it("lists its own agents and nobody else's, whatever it asks for", async () => {
    const developer = bearer(await operatorToken({ role: "developer", subject: "dev@example.com" }));
    const made = await done<{ agent: { name: string } }>("POST", "/api/v1/agents", {
      authorization: developer,
      body: { workspace: "mine", name: "of-dev" },
    });
    for (const query of ["", "&owner=admin", "&tool=crm"]) {
      const { items } = await done<{ items: { name: string }[] }>(
        "GET",
        `/api/v1/agents?workspace=mine${query}`,
        {
          authorization: developer,
        },
      );
      for (const { name } of items) expect(name).toBe(made.agent.name);
    }
  });
});
