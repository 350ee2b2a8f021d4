/** The adapters, each with the library it is for. */
import { getEventListeners, once } from "node:events";
import type { AddressInfo } from "node:net";
import { generateText, tool } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import express from "express";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { governed } from "../../../sdk/typescript/src/adapters/ai.ts";
import { callerOf, callTokens as expressTokens } from "../../../sdk/typescript/src/adapters/express.ts";
import { callTokens as honoTokens } from "../../../sdk/typescript/src/adapters/hono.ts";
import { BASE, denied, FakeDome, hangUp, json, settle } from "./fake-dome.ts";
import { FakeStream } from "./fake-stream.ts";

const USAGE = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** A model that calls the tool once. */
const model = () =>
  new MockLanguageModelV4({
    doGenerate: {
      content: [
        { type: "tool-call", toolCallId: "1", toolName: "create_ticket", input: '{"subject":"printer"}' },
      ],
      finishReason: { unified: "tool-calls", raw: undefined },
      usage: USAGE,
      warnings: [],
    },
  });

describe("tools of the Vercel AI SDK", () => {
  const created: string[] = [];
  const tools = {
    create_ticket: tool({
      inputSchema: z.object({ subject: z.string() }),
      execute: async ({ subject }) => {
        created.push(subject);
        return `created ${subject}`;
      },
    }),
  };
  const called = (dome: FakeDome) =>
    generateText({
      model: model(),
      prompt: "help",
      tools: governed(dome.client(), tools, (name) => `zendesk/${name}`),
    });

  it("run with the model's arguments, once the service has allowed these", async () => {
    const dome = new FakeDome();
    const { toolResults } = await called(dome);
    expect(toolResults.map(({ output }) => output)).toEqual(["created printer"]);
    expect(JSON.parse(dome.to("/api/v1/check")[0]?.body ?? "")).toEqual({
      tool: "zendesk/create_ticket",
      arguments: { subject: "printer" },
    });
  });

  it("do not run when they are denied, and the model is told why", async () => {
    const dome = new FakeDome();
    dome.on("/api/v1/check", () => json(200, { ...denied(), detail: "not declared" }));
    created.length = 0;
    const { content } = await called(dome);
    expect(created).toEqual([]);
    expect(content).toContainEqual(
      expect.objectContaining({
        type: "tool-error",
        error: expect.objectContaining({ message: "not declared", code: "surface_undeclared" }) as unknown,
      }),
    );
  });

  it("are refused where this process does not run them, because nothing can be put before them", () => {
    const elsewhere = { search: tool({ inputSchema: z.object({}) }) };
    expect(() => governed(new FakeDome().client(), elsewhere)).toThrow(/has no execute/);
  });

  it("are cut when the agent is stopped, and those that yield are waited for to the end", async () => {
    const dome = new FakeDome();
    const stream = new FakeStream(dome);
    const client = dome.client();
    await client.start();
    await settle();
    await stream.state();
    const signals: (AbortSignal | undefined)[] = [];
    const { slow } = governed(client, {
      slow: {
        execute: async function* (_input: object, { abortSignal }: { abortSignal?: AbortSignal }) {
          signals.push(abortSignal);
          yield "half";
          await new Promise((resolve) => abortSignal?.addEventListener("abort", resolve));
          yield "whole";
        },
      },
    });
    const output = (slow.execute({}, {}) as unknown as Promise<unknown>).catch((fault: unknown) => fault);
    await settle();
    await stream.say("agent.suspended");
    expect(signals[0]?.aborted).toBe(true);
    expect(await output).toMatchObject({ name: "StoppedError" });
  });

  it("leave nothing behind on the signal of the program, which may live as long as that", async () => {
    const { signal: abortSignal } = new AbortController();
    const seen: number[] = [];
    const { echo, fail } = governed(new FakeDome().client(), {
      echo: {
        execute: async (input: object, _options: { abortSignal?: AbortSignal }) => {
          seen.push(getEventListeners(abortSignal, "abort").length);
          return input;
        },
      },
      fail: {
        execute: (_input: object, _options: { abortSignal?: AbortSignal }): object => {
          throw new RangeError("mine");
        },
      },
    });
    await echo.execute({}, { abortSignal });
    await expect(fail.execute({}, { abortSignal })).rejects.toThrow("mine");
    expect(seen).toEqual([1]);
    expect(getEventListeners(abortSignal, "abort")).toEqual([]);
  });
});

const ACTIVE = {
  active: true,
  client_id: "agt_1",
  sub: "usr_1",
  scope: "surface",
  aud: BASE,
  exp: 1_796_000_000,
  txn: "txn_1",
  dome: {
    workspace: "wsp_1",
    name: "triage",
    tier: "standard",
    chain: [{ agent: "agt_1", epoch: 1, key: "key_1" }],
  },
};
const INTROSPECT = "/api/v1/auth/introspect";
const OPERATOR = `dome_ot_${"o".repeat(49)}`;

/** A program behind a middleware: GET / tells who calls. */
type Program = (dome: FakeDome, authorization: string | null, audience?: string) => Promise<Response>;

const onHono: Program = async (dome, authorization, audience) => {
  const options = {
    ...dome.ports,
    baseUrl: BASE,
    credential: OPERATOR,
    ...(audience === undefined ? {} : { audience }),
  };
  const app = new Hono().use(honoTokens(options)).get("/", (c) => c.json({ ...c.get("caller") }));
  return app.request("/", authorization === null ? {} : { headers: { Authorization: authorization } });
};

const onExpress: Program = async (dome, authorization, audience) => {
  const options = {
    ...dome.ports,
    baseUrl: BASE,
    credential: OPERATOR,
    ...(audience === undefined ? {} : { audience }),
  };
  const app = express();
  app.use(expressTokens(options));
  app.get("/", (request, response) => {
    response.json(callerOf(request));
  });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const headers = authorization === null ? {} : { Authorization: authorization };
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { ...headers, Connection: "close" } });
  const copy = new Response(await answer.text(), answer);
  server.close();
  await once(server, "close");
  return copy;
};

describe.each<[string, Program]>([
  ["Hono", onHono],
  ["Express", onExpress],
])("a program on %s", (_name, ask) => {
  it("lets in who has a call token that stands, and knows who it is", async () => {
    const dome = new FakeDome();
    dome.on(INTROSPECT, () => json(200, ACTIVE));
    const answer = await ask(dome, "Bearer eyJ.call.token");
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      agent: "agt_1",
      name: "triage",
      subject: "usr_1",
      chain: ["agt_1"],
      txn: "txn_1",
    });
    expect(dome.to(INTROSPECT)[0]?.body).toBe("token=eyJ.call.token");
    expect(dome.to(INTROSPECT)[0]?.headers.get("authorization")).toBe(`Bearer ${OPERATOR}`);
  });

  it("asks for each call: a token that stood a second ago may be that of a stopped agent (P3)", async () => {
    const dome = new FakeDome();
    const answers = [ACTIVE, { active: false }];
    dome.on(INTROSPECT, () => json(200, answers.shift()));
    expect((await ask(dome, "Bearer eyJ.call.token")).status).toBe(200);
    expect((await ask(dome, "Bearer eyJ.call.token")).status).toBe(401);
  });

  it.each([null, "", "Bearer", "Basic eyJ.call.token", "eyJ.call.token"])(
    "refuses without a bearer token and asks nobody: %s",
    async (authorization) => {
      const dome = new FakeDome();
      const answer = await ask(dome, authorization);
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
      expect(dome.sent).toEqual([]);
    },
  );

  it.each([
    ["a token that is not active", () => json(200, { active: false }), 401],
    ["a token for somebody else", () => json(200, { ...ACTIVE, aud: `${BASE}/v1` }), 401],
    ["an answer that is not clear", () => json(200, { active: "true" }), 503],
    ["an answer without an agent", () => json(200, { ...ACTIVE, client_id: undefined }), 503],
    [
      "a credential that is not accepted",
      () => json(401, { error: "invalid_client", error_description: "x" }),
      503,
    ],
    ["no answer", () => hangUp(), 503],
  ])("refuses after %s (P1)", async (_what, reply, status) => {
    const dome = new FakeDome();
    dome.on(INTROSPECT, reply);
    const answering = ask(dome, "Bearer eyJ.call.token", BASE);
    for (let turn = 0; turn < 10; turn += 1) await dome.advance(10_000);
    expect((await answering).status).toBe(status);
  });
});
