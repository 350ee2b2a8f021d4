/** What is known of the users for whom agents have acted, and whose an API key is that was found somewhere. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { decision } from "../../src/contract/check.ts";
import { keyIdentified } from "../../src/contract/key.ts";
import type { z } from "zod";
import { userList, type User } from "../../src/contract/user.ts";
import { StopTable } from "../../src/objects/stop-table.ts";
import { userIdOf } from "../../src/contract/user-id.ts";
import { answering, testIdp, type TestIdp } from "../support/test-idp.ts";
import {
  call,
  eventually,
  freshWorkspace,
  operator,
  operatorToken,
  problemOf,
  worker,
  workspaceObject,
} from "../support/worker-api.ts";
import { exchanged, IDT } from "./exchange.fixture.ts";
import { userHome, type UserHome } from "./users.fixture.ts";

type UserList = z.output<typeof userList>;
const api = operator();
const ALICE = "alice@example.com";
let idp: TestIdp;
let at: UserHome;

beforeAll(async () => {
  idp = await testIdp("https://login.known.example");
  answering(idp);
  at = await userHome(idp);
  const idToken = await at.idToken({ email: ALICE, email_verified: true });
  const held = await exchanged(at.a, { subject_token: idToken, subject_token_type: IDT });
  const { token } = await exchanged(at.b, { subject_token: held.token });
  decision.parse((await call(worker, token, "POST", "/api/v1/check", { body: { tool: "crm" } })).body);
  const grace = await at.idToken({ sub: "grace", email: ALICE.toUpperCase(), email_verified: false });
  await exchanged(at.a, { subject_token: grace, subject_token_type: IDT });
  await eventually(async () => {
    if ((await users("")).length < 2) throw new Error("not all have arrived");
  });
}, 30_000);
beforeEach(() => {
  answering(idp);
});
afterEach(() => vi.restoreAllMocks());

const users = async (query: string): Promise<readonly User[]> =>
  userList.parse((await api.call("GET", `/users?workspace=${at.home}&${query}`)).body).items;
const refused = async (query: string) =>
  problemOf(await api.call("GET", `/users?workspace=${at.home}&${query}`));

describe("a user", () => {
  it("is known by who it is at which provider, by its verified address, and by the agents that acted for it", async () => {
    const [alice, ...more] = await eventually(async () => {
      const found = await users(`user=${ALICE}`);
      expect(found[0]?.agents.length).toBe(2);
      return found;
    });
    expect(more).toEqual([]);
    expect(alice).toMatchObject({
      id: at.userOf("ada"),
      workspace: at.home,
      issuer: idp.issuer,
      subject: "ada",
      email: ALICE,
      stopped: null,
    });
    const named: Record<string, string> = Object.fromEntries(
      (alice?.agents ?? []).map(({ id, name }) => [name ?? "", id]),
    );
    expect(named).toEqual({ a: at.a.id, b: at.b.id });
  });

  it("is found by id, and by what its provider says; an address that nobody verified names nobody", async () => {
    const byId = await users(`user=${at.userOf("grace")}`);
    const bySubject = await users(`issuer=${encodeURIComponent(idp.issuer)}&subject=grace`);
    expect(byId).toEqual(bySubject);
    expect(byId[0]).toMatchObject({ subject: "grace", email: null });
  });

  it("shows as stopped while it is stopped", async () => {
    const user = at.userOf("ada");
    await api.call("POST", `/workspaces/${at.home}/users/stop`, { body: { user } });
    expect((await users(`user=${user}`))[0]?.stopped?.halt).toMatch(/^hlt_/);
    await api.call("POST", `/workspaces/${at.home}/users/resume`, { body: { user } });
    expect((await users(`user=${user}`))[0]?.stopped).toBeNull();
  });

  it("that nobody acted for names nothing, and half of a name is refused", async () => {
    expect(await refused("user=nobody@example.com")).toMatchObject({ code: "unknown_reference" });
    expect(await refused(`user=usr_${"a".repeat(26)}`)).toMatchObject({ code: "unknown_reference" });
    expect(await refused("issuer=https://x.example")).toMatchObject({ code: "invalid_request" });
    expect(await refused("user=alice")).toMatchObject({ code: "invalid_request" });
  });

  it("comes in pages, by id", async () => {
    const first = userList.parse((await api.call("GET", `/users?workspace=${at.home}&limit=1`)).body);
    const rest = userList.parse(
      (await api.call("GET", `/users?workspace=${at.home}&limit=1&cursor=${first.next_cursor}`)).body,
    );
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(
      [at.userOf("ada"), at.userOf("grace")].toSorted(),
    );
    expect(rest.next_cursor).toBeNull();
  });

  it("is not for developers, and every reading is recorded without what identifies a person", async () => {
    const developer = operator(await operatorToken({ subject: "dev@example.com", role: "developer" }));
    expect((await developer.call("GET", `/users?workspace=${at.home}`)).status).toBe(403);
    await users(`user=${ALICE}`);
    const readings = await eventually(async () => {
      const found = await api.audit({ workspace: at.home, kind: "audit.read" });
      expect(found.some(({ data }) => JSON.stringify(data).includes(at.userOf("ada")))).toBe(true);
      return found;
    });
    expect(JSON.stringify(readings)).not.toContain(ALICE);
  });
});

describe("a user who was stopped before any agent acted for it", () => {
  const ISSUER = "https://login.example.com";
  const NOBODY = { issuer: null, subject: null, email: null, first_seen: null, last_seen: null, agents: [] };
  const stop = (home: string, subject: string) =>
    api.call("POST", `/workspaces/${home}/users/stop`, { body: { issuer: ISSUER, subject } });
  const pageOf = async (home: string, query = "") =>
    userList.parse((await api.call("GET", `/users?workspace=${home}&${query}`)).body);

  it("is shown with the stop, because whoever asks must not read that nothing is known of it (P3)", async () => {
    const home = await freshWorkspace("stopped");
    const { id } = await api.showWorkspace(home);
    const user = userIdOf(id, ISSUER, null, "mallory");
    await stop(home, "mallory");
    const subject = `issuer=${encodeURIComponent(ISSUER)}&subject=mallory`;
    for (const query of [`user=${user}`, subject, ""]) {
      const { items } = await pageOf(home, query);
      expect(items).toMatchObject([{ ...NOBODY, id: user, workspace: home, workspace_id: id }]);
      expect(items[0]?.stopped?.halt).toMatch(/^hlt_/);
    }
  });

  it("names nothing again once it goes on", async () => {
    const home = await freshWorkspace("stopped");
    const { id } = await api.showWorkspace(home);
    await stop(home, "mallory");
    const user = userIdOf(id, ISSUER, null, "mallory");
    await api.call("POST", `/workspaces/${home}/users/resume`, { body: { user } });
    expect((await pageOf(home)).items).toEqual([]);
    expect(problemOf(await api.call("GET", `/users?workspace=${home}&user=${user}`)).code).toBe(
      "unknown_reference",
    );
  });

  it("has its place among those who were seen, however short the pages are", async () => {
    const subjects = ["s1", "s2", "s3"];
    for (const subject of subjects) await stop(at.home, subject);
    const expected = [
      ...["ada", "grace"].map(at.userOf),
      ...subjects.map((subject) => userIdOf(at.workspace, ISSUER, null, subject)),
    ].toSorted();
    for (const limit of [1, 2, 5, 50]) {
      const found: string[] = [];
      let cursor: string | null = null;
      do {
        const page: UserList = await pageOf(
          at.home,
          `limit=${limit}${cursor === null ? "" : `&cursor=${cursor}`}`,
        );
        expect(page.items.length).toBeLessThanOrEqual(limit);
        found.push(...page.items.map(({ id }) => id));
        cursor = page.next_cursor;
      } while (cursor !== null);
      expect({ limit, found }).toEqual({ limit, found: expected });
    }
  });

  it("is found at the same cost however many others were let go on", async () => {
    const stub = workspaceObject(at.workspace);
    const costs = await runInDurableObject(stub, (_, { storage: { sql } }) =>
      [20, 320].map((many) => {
        sql.exec(
          `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
           INSERT OR IGNORE INTO stopped_users (user, halt, stopped_at, stopped, epoch, resumed_at)
           SELECT printf('usr_0%025d', i), 'hlt_1', 1, 0, 1, 1 FROM n`,
          many,
        );
        const rows: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
        const counted = {
          exec: (text: string, ...values: SqlStorageValue[]) => {
            const cursor = sql.exec(text, ...values);
            rows.push(cursor);
            return cursor;
          },
        };
        new StopTable(counted as SqlStorage).stoppedUsers({ limit: 1 });
        return rows.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
      }),
    );
    expect(costs).toEqual([2, 2]); // the page, and one row more
  });
});

describe("the trail of a user", () => {
  it("is found by address and by what the provider says, and its readings name the id alone (P4)", async () => {
    const byAddress = await eventually(async () => {
      const [found, bySubject] = [
        await api.audit({ workspace: at.home, user: ALICE }),
        await api.audit({ workspace: at.home, issuer: idp.issuer, subject: "ada" }),
      ];
      expect(found.length).toBeGreaterThan(0);
      expect(bySubject.map(({ id }) => id)).toEqual(found.map(({ id }) => id)); // records may arrive in between
      return found;
    });
    const readings = await eventually(async () => {
      const found = await api.audit({ workspace: at.home, kind: "audit.read" });
      const said = found.map(({ data }) => JSON.stringify(data));
      expect(said.filter((each) => each.includes(`"user":"${at.userOf("ada")}"`)).length).toBeGreaterThan(1);
      return said;
    });
    expect(readings.join("\n")).not.toMatch(new RegExp(`${ALICE}|${idp.issuer}|"ada"`));
    const record = await api.call("GET", `/audit/records/${byAddress[0]?.id}?workspace=${at.home}`);
    expect(record.body).toEqual(byAddress[0]);
  });
});

describe("a key that was found", () => {
  const identify = async (key: string, as = api) =>
    as.call("POST", "/keys/identify", { body: { api_key: key } });

  it("is its agent's, live or not, and looking is no use of it", async () => {
    const found = keyIdentified.parse((await identify(at.c.secret)).body);
    expect(found).toMatchObject({
      key: { id: at.c.key, state: "live", last_used_at: null },
      agent: { id: at.c.id, name: "c", workspace: at.home, state: "active" },
    });
    await api.call("DELETE", `/agents/${at.c.id}/keys/${at.c.key}`);
    expect(keyIdentified.parse((await identify(at.c.secret)).body).key.state).toBe("revoked");
  });

  it("says of another workspace's key what it says of one that was never made (P11)", async () => {
    const bound = operator(
      await operatorToken({ subject: "aud@example.com", role: "auditor", workspaces: ["default"] }),
    );
    const [theirs, none] = await Promise.all([
      identify(at.a.secret, bound),
      identify(`dome_at_${"0".repeat(49)}`, bound),
    ]);
    const said = (answer: Awaited<typeof theirs>) => ({ ...problemOf(answer), instance: "" });
    expect(said(theirs)).toEqual(said(none));
    expect(theirs.status).toBe(404);
    expect(JSON.stringify(theirs)).not.toContain(at.a.secret);
  });

  it("belongs in its member and nowhere else (P4)", async () => {
    const inReason = await api.call("POST", `/agents/${at.a.id}/suspend`, { body: { reason: at.a.secret } });
    expect(inReason.status).toBe(400);
    expect((await identify(`see ${at.a.secret}`)).status).toBe(400);
  });
});
