/**
 * Both doors before one server that a test plays, in time that stands still: the HTTP door of `crm`, and the MCP door of
 * `search`, whose server is modern. `GET /tickets` and `find` were reviewed as read-only.
 */
import { NO_POLICIES } from "../../support/no-policies.ts";
import { Egress } from "../../../src/egress/egress.ts";
import type { Fetch } from "../../../src/egress/open.ts";
import { callHttp, type HttpPorts } from "../../../src/gateway/http/call-http.ts";
import type { HttpBody } from "../../../src/gateway/http/request.ts";
import { callServer } from "../../../src/gateway/mcp/call-server.ts";
import type { ClientRequest } from "../../../src/gateway/mcp/client-request.ts";
import type { McpPorts } from "../../../src/gateway/mcp/door-view.ts";
import { SessionBook } from "../../../src/gateway/mcp/sessions/session-book.ts";
import { serverOf } from "../../../src/gateway/upstream/guarded-egress.ts";
import { BoundedMap } from "../../../src/kernel/bounded-map.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { parseMessage } from "../../../src/mcp/message.ts";
import type { RegisteredAgent } from "../../../src/registry/agents.ts";
import type { Catalog, CatalogTool } from "../../../src/registry/catalog.ts";
import { routeNamed } from "../../../src/registry/http-operations.ts";
import { modernRequest } from "../../support/mcp-client-request.ts";
import { calling, CATALOG, REQUEST } from "./calling.fixture.ts";

const OPERATIONS = ["GET /tickets/{id}", "GET /tickets", "PUT /files/{name}"];

interface ToServer {
  readonly url: string;
  readonly init: RequestInit;
}

/** @param serve what the server does with each request, but for the discovery of the MCP server. */
export function doors(serve: (sent: ToServer) => Promise<Response>, agent: Partial<RegisteredAgent> = {}) {
  const surface = { tools: ["crm", "search"], pools: [], integrations: [] };
  const world = calling({ surface, tier: "trusted", ...agent });
  const sent: ToServer[] = [];
  const fetch: Fetch = (url, init) => {
    if (isDiscovery(init)) return Promise.resolve(DISCOVERED());
    sent.push({ url, init });
    return serve({ url, init });
  };
  const egress = new Egress({
    fetch: { public: fetch, listed: fetch },
    timers: world.time,
    allowed: new Set(),
  });
  const decisions = {
    ...world.ports,
    configuration: {
      ...world.ports.configuration,
      catalog: () => Promise.resolve(TOOLS),
      policies: () => Promise.resolve(NO_POLICIES),
      definitions: () => Promise.reject(new Error("nothing is listed here")),
    },
  };
  const servers = {
    ...decisions,
    egress,
    derived: [],
    tokens: new BoundedMap(10),
    circuits: new BoundedMap(10),
    issuer: "https://dome.example",
    signingKeys: {
      ...world.ports.signingKeys,
      signer: () => Promise.reject(new Error("nothing is signed here")),
    },
  } satisfies Partial<HttpPorts>;
  const http: HttpPorts = { ...servers, fixedLength: () => new TransformStream() } as unknown as HttpPorts;
  const mcp = {
    ...servers,
    eras: new BoundedMap(10),
    sessions: new SessionBook(10),
  } as unknown as McpPorts;

  const overHttp = (method: string, path: string, body: HttpBody = { kind: "none" }) =>
    callHttp(http, world.caller, {
      tool: "crm",
      method,
      path,
      segments: path.split("/").slice(1),
      search: "",
      query: {},
      headers: new Headers(),
      body,
      gone: new AbortController().signal,
      request: REQUEST,
    });
  const overMcp = (name: string, more: Partial<ClientRequest> = {}) => {
    const { headers, body: text } = modernRequest("tools/call", { name, arguments: {} }, 7);
    const message = parseMessage(utf8(text), "client");
    if (!message.ok || message.value.kind !== "request") throw new Error("the fixture asks nothing");
    return callServer(mcp, world.caller, {
      tool: "search",
      era: "modern",
      message: message.value,
      text,
      headers: new Headers(headers),
      takesEvents: false,
      session: null,
      held: null,
      logLevel: null,
      request: REQUEST,
      gone: new AbortController().signal,
      cancellable: null,
      ...more,
    });
  };
  /** The outcome's record of the last call. */
  const outcome = () => world.records.findLast(({ kind }) => kind === "call.outcome");
  return { ...world, sent, http, mcp, overHttp, overMcp, outcome, servers: SERVERS };
}

const isDiscovery = ({ body }: RequestInit): boolean =>
  body instanceof Uint8Array && new TextDecoder().decode(body).includes('"server/discover"');

const DISCOVERED = () =>
  Response.json({
    jsonrpc: "2.0",
    id: "dome-discover",
    result: { supportedVersions: ["2026-07-28"], capabilities: {} },
  });

const crm = CATALOG.tools.get("crm") as CatalogTool;
const NO_SCHEMA = { type: "object" };
const TOOLS: Catalog = {
  ...CATALOG,
  tools: new Map([
    [
      "crm",
      {
        ...crm,
        operations: OPERATIONS,
        routes: OPERATIONS.map((each) => routeNamed(each)).filter((route) => route !== null),
      },
    ],
    [
      "search",
      {
        ...crm,
        id: "tol_01k9v3m8q2x7n5r4t6w0y1z2a4",
        operations: ["find", "change"],
        schemas: new Map([
          ["find", NO_SCHEMA],
          ["change", NO_SCHEMA],
        ]),
        readOnly: new Set(["find"]),
        upstream: {
          ...(crm.upstream as NonNullable<CatalogTool["upstream"]>),
          kind: "mcp",
          url: "https://search.example.com/mcp",
        },
        routes: null,
      },
    ],
  ]),
};

/** Of both tools, as their circuits and counts have them. */
const SERVERS = [...TOOLS.tools.values()].map(({ id, upstream }) => serverOf(id, upstream?.url ?? ""));

/** A body of which each part is written by the test. */
export function written() {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const stream = new ReadableStream<Uint8Array>({ start: (own) => void (controller = own) });
  return {
    stream,
    write: (text: string) => controller?.enqueue(utf8(text)),
    break: () => controller?.error(new TypeError("Network connection lost.")),
    end: () => controller?.close(),
  };
}
