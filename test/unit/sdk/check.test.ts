import { describe, expect, it } from "vitest";
import { ConnectionError, DeniedError, UnavailableError } from "../../../sdk/typescript/src/dome.ts";
import type { CheckRequest, Decision } from "../../../sdk/typescript/src/dome.ts";
import {
  decision,
  denied,
  FakeDome,
  hangUp,
  json,
  oauthError,
  problem,
  TOOL,
  type Handler,
} from "./fake-dome.ts";

const CHECK = "/api/v1/check";
const TOKEN = "/api/v1/auth/token";

/** A check, with what it called. */
async function asked(dome: FakeDome, client = dome.client(), tool = TOOL) {
  const called: string[] = [];
  const request: CheckRequest = {
    tool,
    onAllow: () => called.push("allow"),
    onDeny: () => called.push("deny"),
  };
  const done = client.check(request);
  await dome.advance(60_000);
  return { ...(await done), called };
}

/** What a handler that fails makes of a check. */
async function askedWhen(path: string, handler: Handler) {
  const dome = new FakeDome();
  dome.on(path, handler);
  return asked(dome);
}

describe("a check", () => {
  it("returns the service's allow and calls onAllow alone", async () => {
    const dome = new FakeDome();
    expect(await asked(dome)).toMatchObject({
      allowed: true,
      reason: "permitted",
      local: false,
      decisionId: "dec_1",
      requestId: "req_1",
      txn: "txn_1",
      called: ["allow"],
    });
    expect(dome.to(CHECK)[0]?.body).toBe(JSON.stringify({ tool: TOOL }));
    expect(dome.to(CHECK)[0]?.headers.get("authorization")).toMatch(/^Bearer eyJ.*token1/);
  });

  it("returns the service's deny with its reason, id and change, and calls onDeny alone", async () => {
    const got = await askedWhen(CHECK, () => json(200, denied()));
    expect(got).toMatchObject({
      allowed: false,
      reason: "surface_undeclared",
      local: false,
      decisionId: "dec_1",
      change: { detail: "Ask for it.", command: null, role: null },
      called: ["deny"],
    });
  });

  it("hands the request and the decision to onDeny, and waits for what a callback returns", async () => {
    const dome = new FakeDome();
    dome.on(CHECK, () => json(200, denied()));
    let got: readonly [CheckRequest, Decision] | null = null;
    const request: CheckRequest = {
      tool: TOOL,
      arguments: { subject: "x" },
      onDeny: async (...told) => {
        await Promise.resolve();
        got = told;
      },
    };
    const decided = await dome.client().check(request);
    expect(got).toEqual([request, decided]);
  });

  it("passes on what a callback throws, and does not call the other one", async () => {
    const called: string[] = [];
    const failing = new FakeDome().client().check({
      tool: TOOL,
      onAllow: () => {
        throw new RangeError("mine");
      },
      onDeny: () => called.push("deny"),
    });
    await expect(failing).rejects.toThrow("mine");
    expect(called).toEqual([]);
  });

  it("asks the service for each call: an allow is never kept (P1)", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    const answers = [decision(), denied()];
    dome.on(CHECK, () => json(200, answers.shift()));
    expect((await asked(dome, client)).allowed).toBe(true);
    expect((await asked(dome, client)).allowed).toBe(false);
    expect(dome.tokens).toBe(1);
  });

  // Per failure: what is answered, and the reason of the deny that the caller gets.
  it.each<[string, string, Handler, string]>([
    ["no connection", CHECK, () => hangUp(), "unavailable"],
    ["no connection for a token", TOKEN, () => hangUp("ECONNREFUSED"), "unavailable"],
    ["silence", CHECK, () => new Promise(() => undefined), "unavailable"],
    ["a fault of the service", CHECK, () => problem(500, "internal"), "unavailable"],
    ["a limit", CHECK, () => problem(429, "rate_limited", { "Retry-After": "1" }), "unavailable"],
    ["a proxy's page", CHECK, () => new Response("<html>", { status: 200 }), "unavailable"],
    ["a redirect", CHECK, () => Response.redirect("https://evil.example/", 307), "unavailable"],
    ["an empty object", CHECK, () => json(200, {}), "unavailable"],
    ["null", CHECK, () => json(200, null), "unavailable"],
    ["a decision of another word", CHECK, () => json(200, decision({ decision: "ALLOW" })), "unavailable"],
    ["a decision that is true", CHECK, () => json(200, decision({ decision: true })), "unavailable"],
    ["an allow without an id", CHECK, () => json(200, decision({ decision_id: undefined })), "unavailable"],
    ["a draining agent", CHECK, () => problem(503, "draining"), "draining"],
    [
      "a draining agent's token",
      TOKEN,
      () => oauthError(400, "unauthorized_client", "agent_draining"),
      "draining",
    ],
    ["a suspended agent", TOKEN, () => oauthError(400, "unauthorized_client", "agent_suspended"), "stopped"],
    [
      "a provisioned agent",
      TOKEN,
      () => oauthError(400, "unauthorized_client", "agent_provisioned"),
      "stopped",
    ],
    ["a dead key", TOKEN, () => oauthError(401, "invalid_client"), "credential_refused"],
    ["a dead token, twice", CHECK, () => problem(401, "invalid_token"), "credential_refused"],
    ["a malformed question", CHECK, () => problem(400, "invalid_request"), "invalid_request"],
  ])("is a deny by itself, and never an allow, after %s (P1)", async (_what, path, handler, reason) => {
    expect(await askedWhen(path, handler)).toMatchObject({
      allowed: false,
      decision: "deny",
      local: true,
      layer: "sdk",
      reason,
      decisionId: null,
      called: ["deny"],
    });
  });

  it.each<[string, object]>([
    ["no subject", {}],
    ["two subjects", { tool: TOOL, model: "x" }],
    ["a subject that is no text", { tool: 4 }],
    ["arguments that are no JSON", { tool: TOOL, arguments: { big: 1n } }],
  ])("denies a question with %s without asking", async (_what, request) => {
    const dome = new FakeDome();
    const got = await dome.client().check(request as CheckRequest);
    expect(got).toMatchObject({ allowed: false, local: true, reason: "invalid_request" });
    expect(dome.sent).toEqual([]);
  });

  it("asks with what was given, whatever becomes of the object meanwhile", async () => {
    const dome = new FakeDome();
    const args = { amount: 1 };
    const done = dome.client().check({ tool: "bank/pay", arguments: args });
    args.amount = 1_000_000;
    await done;
    expect(JSON.parse(dome.to(CHECK)[0]?.body ?? "")).toEqual({ tool: "bank/pay", arguments: { amount: 1 } });
  });

  it("tries one fresh token when the service refuses the one it holds", async () => {
    const dome = new FakeDome();
    dome.on(CHECK, ({ headers }) =>
      headers.get("authorization")?.includes("token1") === true
        ? problem(401, "invalid_token")
        : json(200, decision()),
    );
    expect(await asked(dome)).toMatchObject({ allowed: true, called: ["allow"] });
    expect(dome.tokens).toBe(2);
  });

  it("throws instead of denying where the program asked for that, and calls neither callback", async () => {
    const dome = new FakeDome();
    dome.on(CHECK, () => hangUp());
    const called: string[] = [];
    const done = dome.client({ raiseOnError: true }).check({ tool: TOOL, onDeny: () => called.push("deny") });
    const settled = done.catch((fault: unknown) => fault);
    await dome.advance(60_000);
    expect(await settled).toBeInstanceOf(ConnectionError);
    dome.on(CHECK, () => problem(503, "unavailable"));
    const again = dome.client({ raiseOnError: true }).check({ tool: TOOL });
    const refused = again.catch((fault: unknown) => fault);
    await dome.advance(60_000);
    expect(await refused).toBeInstanceOf(UnavailableError);
    expect(called).toEqual([]);
  });

  it("retries what may be retried, waits as long as the service asks, and gives up on what it asks too long for", async () => {
    const dome = new FakeDome();
    const replies = [hangUp(), problem(503, "unavailable", { "Retry-After": "3" }), json(200, decision())];
    dome.on(CHECK, () => replies.shift() ?? hangUp());
    expect(await asked(dome)).toMatchObject({ allowed: true });
    expect(dome.to(CHECK)).toHaveLength(3);
    const patient = new FakeDome();
    patient.on(CHECK, () => problem(503, "unavailable", { "Retry-After": "3600" }));
    expect(await asked(patient)).toMatchObject({ reason: "unavailable" });
    expect(patient.to(CHECK)).toHaveLength(1);
  });

  it("reads a date in Retry-After by the service's clock, not by its own", async () => {
    const dome = new FakeDome();
    dome.skew = 600_000;
    const sent = "Sat, 28 Nov 2026 09:00:00 GMT";
    const replies = [
      problem(503, "unavailable", { "Retry-After": "Sat, 28 Nov 2026 09:00:02 GMT", Date: sent }),
      json(200, decision()),
    ];
    dome.on(CHECK, () => replies.shift() ?? hangUp());
    const done = dome.client().check({ tool: TOOL });
    await dome.advance(1_900);
    expect(dome.to(CHECK)).toHaveLength(1);
    await dome.advance(200);
    expect(await done).toMatchObject({ allowed: true });
  });

  it("denies after it was closed, and a question that was under way", async () => {
    const dome = new FakeDome();
    dome.on(CHECK, () => new Promise(() => undefined));
    const client = dome.client();
    const waiting = client.check({ tool: TOOL });
    await dome.advance(10);
    await client.close();
    expect(await waiting).toMatchObject({ allowed: false, local: true, reason: "closed" });
    expect(await client.check({ tool: TOOL })).toMatchObject({ allowed: false, reason: "closed" });
  });
});

describe("an act", () => {
  // The answer is there, and some turns later the client is closed: whichever turn that is.
  it.each(Array.from({ length: 40 }, (_, turns) => turns))(
    "never begins after the stop that should have cut it, %i turns behind the answer (P3)",
    async (turns) => {
      const dome = new FakeDome();
      const client = dome.client();
      const order: string[] = [];
      const close = async (): Promise<void> => {
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        order.push("closed");
        await client.close();
      };
      let closing = Promise.resolve();
      dome.on(CHECK, () =>
        Object.assign(json(200, decision()), {
          text: () => {
            closing = close();
            return Promise.resolve(JSON.stringify(decision()));
          },
        }),
      );
      const act = client.guard(TOOL, () => order.push("act"));
      await Promise.allSettled([act(undefined)]);
      await closing;
      expect(order.slice(order.indexOf("closed") + 1)).toEqual([]);
    },
  );
});

describe("a governed function", () => {
  it("runs with the arguments that were allowed", async () => {
    const dome = new FakeDome();
    const create = dome.client().guard(TOOL, ({ subject }: { subject: string }) => `created ${subject}`);
    expect(await create({ subject: "printer" })).toBe("created printer");
    expect(JSON.parse(dome.to(CHECK)[0]?.body ?? "")).toEqual({
      tool: TOOL,
      arguments: { subject: "printer" },
    });
  });

  it("does not run when it is denied, and says by whom and why", async () => {
    const dome = new FakeDome();
    dome.on(CHECK, () => json(200, denied()));
    let ran = false;
    const create = dome.client().guard({ integration: "crm" }, () => (ran = true));
    const fault = await create(undefined).catch((each: unknown) => each);
    expect(fault).toBeInstanceOf(DeniedError);
    expect(fault).toMatchObject({
      code: "surface_undeclared",
      decisionId: "dec_1",
      requestId: "req_1",
      change: { detail: "Ask for it." },
    });
    expect(ran).toBe(false);
  });

  it.each<[string, (args: Record<string, unknown>) => unknown]>([
    ["another value", (args) => (args["amount"] = 1_000_000)],
    ["one more", (args) => (args["to"] = "somebody")],
    ["what is no JSON", (args) => (args["amount"] = 1n)],
  ])("does not run with other arguments than were allowed: %s (P1)", async (_what, change) => {
    const dome = new FakeDome();
    const paid: unknown[] = [];
    const pay = dome.client().guard("bank/pay", (args: Record<string, unknown>) => paid.push(args));
    const args: Record<string, unknown> = { amount: 1 };
    const done = pay(args);
    change(args);
    await expect(done).rejects.toMatchObject({ code: "invalid_request", decisionId: "dec_1" });
    expect(paid).toEqual([]);
  });
});
