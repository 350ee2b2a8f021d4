/** The length of an answer that passes through the door of an HTTP tool, from socket to socket. */
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it, test, vi } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { rawCall, type RawAnswer } from "../support/raw-http.ts";
import { endEverything, startServer, type RunningServer } from "../support/server.ts";

const PACKED = gzipSync("packed");
const head = (...lines: readonly string[]): string => `${["HTTP/1.1 200 OK", ...lines].join("\r\n")}\r\n\r\n`;

/** What the server behind the tool says on the wire, by path; then it closes. */
const SAID: Readonly<Record<string, readonly (string | Buffer)[]>> = {
  "/sized": [head("Content-Length: 5"), "hello"],
  "/empty": [head("Content-Length: 0")],
  "/short": [head("Content-Length: 10"), "hello"],
  "/long": [head("Content-Length: 5"), "hello, and more"],
  "/twice": [head("Content-Length: 5", "Content-Length: 6"), "hello"],
  "/chunked": [head("Transfer-Encoding: chunked"), "5\r\nhello\r\n0\r\n\r\n"],
  "/packed": [head(`Content-Length: ${PACKED.length}`, "Content-Encoding: gzip"), PACKED],
  "/json": [head("Content-Length: 16", "Content-Type: application/json"), '{"token":"abcd"}'],
};

let upstream: Server;
let server: RunningServer;
let plane: ControlPlane;
let home: string;
let key: string;

beforeAll(async () => {
  upstream = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (bytes: Buffer) => {
      const [method, path = ""] = bytes.toString("latin1").split(" ");
      const said = SAID[path] ?? [];
      for (const each of method === "HEAD" ? said.slice(0, 1) : said) socket.write(each);
      socket.end();
    });
  });
  await once(upstream.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  server = await startServer({ args: ["--egress-allow", origin] });
  plane = new ControlPlane({ url: server.url, token: server.adminToken });
  home = (await plane.workspaces.create({ name: "home" })).name;
  const tool = { workspace: home, kind: "http" as const, url: origin };
  await plane.tools.add({ ...tool, name: "server" });
  await plane.tools.add({ ...tool, name: "redacting", redact_paths: ["/token"] });
  const surface = { tools: ["server", "redacting"], pools: [], integrations: [] };
  const { agent, api_key } = await plane.agents.register({ name: "bot", workspace: home, surface });
  await plane.agents.activate({ agent: agent.id });
  key = api_key.secret ?? "";
});
afterAll(async () => {
  await endEverything();
  upstream.close();
});

const get = (path: string, method = "GET"): Promise<RawAnswer> =>
  rawCall(Number(new URL(server.url).port), [
    `${method} /tools/${path} HTTP/1.1`,
    `Host: ${new URL(server.url).host}`,
    `Authorization: Bearer ${key}`,
  ]);

const outcomeOf = ({ headers }: RawAnswer) =>
  vi.waitFor(
    async () => {
      const decision = headers.get("dome-decision-id");
      for await (const entry of plane.audit.list({ workspace: home, kind: "call.outcome" }))
        if (entry.decision_id === decision) return entry;
      throw new Error("no outcome yet");
    },
    { timeout: 10_000, interval: 50 },
  );

test.each([
  ["/sized", "5", "hello"],
  ["/empty", "0", ""],
])(
  "keeps the length of %s, because a client that knows it can tell a whole answer from a part",
  async (path, length, body) => {
    const got = await get(`server${path}`);
    expect([got.headers.get("content-length"), got.body]).toEqual([length, body]);
    expect(await outcomeOf(got)).toMatchObject({ outcome: "completed", data: { received: Number(length) } });
  },
);

test.each(["/chunked", "/packed"])("says no length for %s, which has none of its own", async (path) => {
  const got = await get(`server${path}`);
  expect([got.status, got.headers.get("content-length")]).toEqual([200, null]);
  expect(got.body).toContain(path === "/packed" ? "packed" : "hello");
});

it("breaks an answer that is shorter than its server said: nobody takes it for whole, and the outcome says whose fault it was", async () => {
  const got = await get("server/short");
  expect([got.headers.get("content-length"), got.body]).toEqual(["10", "hello"]);
  expect(await outcomeOf(got)).toMatchObject({
    outcome: "failed",
    reason: "upstream_lost",
    data: { who: "upstream", received: 5 },
  });
});

it("passes of an answer that is longer than its server said what the length says, as HTTP does", async () => {
  const got = await get("server/long");
  expect([got.headers.get("content-length"), got.body]).toEqual(["5", "hello"]);
});

it("passes no answer with two lengths", async () => {
  const got = await get("server/twice");
  expect(got.status).toBe(502);
});

it("says the length of what is left of an answer that is redacted", async () => {
  const got = await get("redacting/json");
  expect([got.headers.get("content-length"), got.body]).toEqual(["22", '{"token":"[redacted]"}']);
});

it("answers HEAD without a body", async () => {
  const got = await get("server/sized", "HEAD");
  expect([got.status, got.body]).toEqual([200, ""]);
  expect(await outcomeOf(got)).toMatchObject({ outcome: "completed" });
});
