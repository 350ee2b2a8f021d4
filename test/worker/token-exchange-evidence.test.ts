/** No evidence, no action (P8) for exchanges: the record is durable first, and says so when the token was withheld. */
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import * as oauth from "oauth4webapi";
import type { RawEnv } from "../../src/env.ts";
import { TEST_ADMIN_TOKEN, TEST_ISSUER } from "../support/fixed-secrets.ts";
import { answering, testIdp } from "../support/test-idp.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  eventually,
  freshWorkspace,
  operator,
  token,
  worker,
  type Registered,
} from "../support/worker-api.ts";
import { recording } from "./audit.fixture.ts";
import { AT, catalogOf, exchange, IDT, peers, refusal, TTE } from "./exchange.fixture.ts";
import { userHome } from "./users.fixture.ts";

const api = operator();
let home: string;
let a: Registered;
let b: Registered;

beforeAll(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  home = await freshWorkspace();
  await catalogOf(home);
  ({ a, b } = await peers(home, ["a", "b"]));
});
afterEach(() => vi.restoreAllMocks());

const FAILS = recording(() => Promise.reject(new Error("disk full")));
const HANGS = recording(() => new Promise(() => undefined));

describe("when the evidence cannot be made durable", () => {
  it.each([
    ["fails", FAILS],
    ["never answers", HANGS],
  ])("no token is released because the outbox %s", async (_how, raw: RawEnv) => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const door = await anotherIsolate(raw);
    const answer = await exchange(b, { subject_token: await token(a.secret) }, door);
    expect(refusal(answer)).toBe("503 temporarily_unavailable");
    expect(answer.text).not.toContain("eyJ");
  });
});

describe("when a stop comes between evidence and release", () => {
  it("of the subject: the token is withheld, and the trail says so (P3)", async () => {
    const own = await peers(home, ["subject", "client"]);
    let door = worker;
    const stopping = recording(async (record, drafts) => {
      await record();
      if (drafts.some((draft) => "kind" in draft && draft.kind === "token.exchanged"))
        await operator(TEST_ADMIN_TOKEN, door).stop(own.subject.id, "suspend");
    });
    door = await anotherIsolate(stopping);
    const answer = await exchange(own.client, { subject_token: await token(own.subject.secret) }, door);
    expect(refusal(answer)).toBe("400 invalid_request subject_token_invalid");
    const records = await eventually(async () => {
      const entries = await api.audit({ workspace: home, agent: own.client.id, order: "oldest" });
      const story = entries.filter(({ kind }) => kind.startsWith("token."));
      expect(story).toHaveLength(2);
      return story;
    });
    expect(records).toMatchObject([
      { kind: "token.exchanged" },
      {
        kind: "token.withheld",
        reason: "not_admitted",
        layer: "lease",
        outcome: "not_admitted",
        data: { kind: "agent_not_active", agent: own.subject.id },
      },
    ]);
    expect(records[0]?.request_id).toBe(records[1]?.request_id);
    expect(records[0]?.target).toEqual(records[1]?.target);
  });

  it("a halted workspace withholds a user's token", async () => {
    const idp = await testIdp("https://login.halted.example");
    answering(idp);
    const own = await userHome(idp);
    await api.moveWorkspace(own.home, "halt?wait=effective");
    const form = { subject_token: await own.idToken(), subject_token_type: IDT };
    expect(refusal(await exchange(own.a, form))).toBe("400 invalid_request subject_token_invalid");
    const story = await eventually(async () => {
      const entries = await api.audit({
        workspace: own.home,
        agent: own.a.id,
        kind: "token.*",
        order: "oldest",
      });
      expect(entries.length).toBeGreaterThan(1);
      return entries;
    });
    expect(story).toMatchObject([
      { kind: "token.exchanged", user: { id: own.userOf("ada") } },
      { kind: "token.withheld", user: { id: own.userOf("ada") }, data: { kind: "workspace_halted" } },
    ]);
  });
});

it("an independent client exchanges, and reads the answer as the RFC has it (TX-19, TX-21)", async () => {
  const as = await oauth.processDiscoveryResponse(
    new URL(TEST_ISSUER),
    await worker(new Request(`${TEST_ISSUER}/.well-known/oauth-authorization-server`)),
  );
  expect(as.grant_types_supported).toContain(TTE);
  const client = { client_id: b.id };
  const response = await oauth.genericTokenEndpointRequest(
    as,
    client,
    oauth.ClientSecretBasic(b.secret),
    TTE,
    { subject_token: await token(a.secret), subject_token_type: AT, scope: "tool:crm" },
    { [oauth.customFetch]: async (url, init) => worker(new Request(url, init as RequestInit)) },
  );
  const answer = await oauth.processGenericTokenEndpointResponse(as, client, response);
  expect(answer).toMatchObject({ token_type: "bearer", issued_token_type: AT, scope: "tool:crm" });
});
