/** A service that a test scripts, and a world whose time passes when the test says so. */
import { DomeClient } from "../../../sdk/typescript/src/client.ts";
import type { DomeClientOptions } from "../../../sdk/typescript/src/options.ts";
import type { Ports } from "../../../sdk/typescript/src/ports.ts";
import { ManualTime } from "../../support/manual-timers.ts";

export const KEY = `dome_at_${"k".repeat(49)}`;
export const BASE = "https://dome.example.com";
export const TOOL = "zendesk/create_ticket";

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
  readonly signal: AbortSignal | null | undefined;
}

type Answer = Response | Error;
export type Handler = (sent: Sent) => Answer | Promise<Answer>;

export class FakeDome {
  readonly sent: Sent[] = [];
  readonly faults: unknown[] = [];
  lost = 0;
  /** The wall clock is off by this, in milliseconds. */
  skew = 0;
  tokens = 0;
  readonly #handlers = new Map<string, Handler>();
  readonly #time = new ManualTime(1_000_000, settle);
  #drawn = 0;

  constructor() {
    this.on("/api/v1/auth/token", () => this.grant());
    this.on("/api/v1/check", () => json(200, decision()));
    this.on("/api/v1/agents/self/events", () => new Promise(() => undefined));
    this.on("/api/v1/audit/events", ({ body }) => recorded(body));
  }

  on(path: string, handler: Handler): void {
    this.#handlers.set(path, handler);
  }

  /** Another call token each time. */
  grant(expiresIn = 300): Response {
    this.tokens += 1;
    return json(200, {
      access_token: `eyJhbGciOiJFUzI1NiJ9.token${this.tokens}.sig`,
      token_type: "Bearer",
      expires_in: expiresIn,
      scope: "surface",
    });
  }

  client(options: Partial<DomeClientOptions> = {}): DomeClient {
    return new DomeClient({
      ...this.ports,
      baseUrl: BASE,
      ...("getToken" in options ? {} : { token: KEY }),
      onError: (fault: unknown) => this.faults.push(fault),
      onEventsLost: (count: number) => (this.lost += count),
      ...options,
    } as DomeClientOptions);
  }

  to(path: string): Sent[] {
    return this.sent.filter((each) => each.path === path);
  }

  /** Moves time on and rings what is due, in order, each with everything that follows from it. */
  advance(ms: number): Promise<void> {
    return this.#time.advance(ms);
  }

  readonly ports: Ports = {
    fetch: async (url, init) => {
      const { pathname } = new URL(url);
      const sent: Sent = {
        method: init.method ?? "GET",
        path: pathname,
        headers: new Headers(init.headers),
        body: typeof init.body === "string" ? init.body : "",
        signal: init.signal,
      };
      this.sent.push(sent);
      const answer = await Promise.race([this.#handlers.get(pathname)?.(sent), aborted(init.signal)]);
      if (answer === undefined) throw new Error(`no handler for ${pathname}`);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    clock: {
      now: () => this.#time.now() + Date.parse("2026-11-28T09:00:00.000Z") + this.skew,
      monotonic: () => this.#time.now(),
    },
    timers: this.#time,
    random: { bytes: (length) => new Uint8Array(length).fill((this.#drawn += 1) % 256) },
    deadline: (ms) => {
      const controller = new AbortController();
      this.ports.timers.after(ms, () => controller.abort(new DOMException("too late", "TimeoutError")));
      return controller.signal;
    },
  };
}

/** Lets every promise that can go on go on, bodies of responses included. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1)
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
}

const aborted = (signal: AbortSignal | null | undefined): Promise<never> =>
  new Promise((_resolve, reject) => {
    const abort = (): void => reject(signal?.reason as Error);
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort);
  });

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  Response.json(body, { status, headers: { "Dome-Request-Id": "req_1", ...headers } });

export const problem = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  json(
    status,
    { type: `/problems/${code}`, title: "A title", status, detail: `about ${code}`, instance: "req_1", code },
    headers,
  );

export const oauthError = (status: number, error: string, domeError?: string): Response =>
  json(status, { error, error_description: "what is wrong", dome_error: domeError });

export const decision = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  decision: "allow",
  decision_id: "dec_1",
  reason: "permitted",
  layer: "policy",
  detail: "Every check permits it.",
  change: null,
  policies: [],
  bundle_version: "built-in-1",
  txn: "txn_1",
  request_id: "req_1",
  ...changes,
});

export const denied = (reason = "surface_undeclared"): Record<string, unknown> =>
  decision({
    decision: "deny",
    reason,
    layer: "surface",
    change: { detail: "Ask for it.", command: null, role: null },
  });

/** What `fetch` throws when the other side hangs up. */
export const hangUp = (code = "ECONNRESET"): Error =>
  new TypeError("fetch failed", { cause: Object.assign(new Error("the other side"), { code }) });

interface ReportedEvent {
  readonly event_id: string;
  readonly kind: string;
  readonly [member: string]: unknown;
}

export const eventsOf = (body: string): readonly ReportedEvent[] =>
  (JSON.parse(body) as { events: readonly ReportedEvent[] }).events;

export const recorded = (body: string): Response =>
  json(200, {
    late: false,
    items: eventsOf(body).map(({ event_id }) => ({
      event_id,
      outcome: "recorded",
      record: "evt_1",
      linked: [],
      detail: null,
    })),
  });
