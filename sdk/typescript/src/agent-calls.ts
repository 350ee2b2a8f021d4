/**
 * What an agent does for itself, or for a user or another agent: it asks before it acts, and calls endpoints of the service.
 * The client and its scoped clients are these, each with a call token of its own.
 */
import type { CallTokens } from "./call-tokens.ts";
import { questionOf, subjectOf, type CheckRequest, type Subject, type Work } from "./check.ts";
import type { Core } from "./core.ts";
import { bearer } from "./credential.ts";
import { decisionOf, denyFor, localDeny, type Decision } from "./decision.ts";
import { DeniedError } from "./denied.ts";
import { DomeError } from "./errors.ts";
import { fetchFromDoor, urlOf } from "./door-fetch.ts";

const CHECK_PATH = "/api/v1/check";

/** What came of a question. */
interface Asked {
  readonly decision: Decision;
  /** As it was sent; null: it was not. */
  readonly question: string | null;
  /** `Lifecycle.stops` when it was asked. */
  readonly stops: number;
}

export class AgentCalls {
  readonly #core: Core;
  readonly #tokens: CallTokens;

  /** @internal */
  constructor(core: Core, tokens: CallTokens) {
    this.#core = core;
    this.#tokens = tokens;
  }

  /**
   * Asks whether the agent may do something now, and calls exactly one of `onAllow` and `onDeny`. Every allow comes from
   * the service, for this very call. A question that gets no answer is a deny with the reason `unavailable`.
   * @returns the decision, when the callback has ended.
   * @throws what a callback throws; StoppedError when the agent was stopped while `onAllow` ran; with `raiseOnError` also
   * DomeError when the question could not be asked.
   */
  async check(request: CheckRequest): Promise<Decision> {
    const decision = this.#conclude(request, await this.#ask(request));
    if (!decision.allowed) {
      await request.onDeny?.(request, decision);
      return decision;
    }
    const { onAllow } = request;
    if (onAllow !== undefined)
      await this.#core.lifecycle.work.run(async (signal) => onAllow(decision, { signal, decision }));
    return decision;
  }

  /**
   * Puts the check before a function: it runs only when the service allows these arguments, and they are still the same.
   * @param subject the tool by its name, or what else is to be asked about.
   * @param act is given the arguments, and a signal that aborts when the agent is stopped.
   * @returns the governed function. It throws DeniedError when it is denied, StoppedError when the agent was stopped while
   * it ran, and what `act` throws.
   */
  guard<A extends object | undefined, R>(
    subject: string | Subject,
    act: (args: A, work: Work) => R | Promise<R>,
  ): (args: A) => Promise<R> {
    const about = subjectOf(subject);
    return async (args) => {
      const request: CheckRequest =
        args === undefined ? about : { ...about, arguments: args as Readonly<Record<string, unknown>> };
      const asked = await this.#ask(request);
      const decision = this.#conclude(request, asked, isStill(request, asked.question));
      if (!decision.allowed) throw new DeniedError(decision);
      return this.#core.lifecycle.work.run((signal) => act(args, { signal, decision }));
    };
  }

  /**
   * A call token that is good for some seconds at least.
   * @throws DomeError when none can be obtained.
   */
  async token(): Promise<string> {
    this.#refuseLocally();
    return this.#tokens.get();
  }

  /**
   * As the platform's `fetch`, with the agent's call token, for the endpoints of the service: the URL must have the origin
   * of `baseUrl`, or is relative to it. A redirect is returned and not followed. A token that is refused is renewed once.
   * @throws DeniedError when the agent takes no new work; ConfigurationError for another origin; StoppedError when the
   * agent is stopped while the answer is awaited; what `fetch` throws.
   */
  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    this.#refuseLocally();
    return fetchFromDoor(this.#core, this.#tokens, input, init);
  }

  /**
   * What an MCP client needs to reach a tool through Dome, for the transports of the official clients:
   *
   *     new StreamableHTTPClientTransport(...client.mcp("zendesk"))
   *
   * @param tool the server behind one tool; left out: every tool that the agent declares, each operation with the name of
   * its tool before it.
   * @returns the address, and options with a `fetch` that carries the agent's call token and is cut by a stop.
   */
  mcp(tool?: string): [
    url: URL,
    options: {
      /** With the agent's call token. */
      fetch: (input: string | URL, init?: RequestInit) => Promise<Response>;
    },
  ] {
    const path = tool === undefined ? "mcp" : `mcp/${encodeURIComponent(tool)}`;
    return [new URL(urlOf(this.#core.baseUrl, path)), { fetch: (input, init) => this.fetch(input, init) }];
  }

  #refuseLocally(): void {
    const refusal = this.#core.lifecycle.refusal();
    if (refusal !== null) throw new DeniedError(localDeny(refusal.reason, refusal.detail));
  }

  /** What this process knows may deny, then the service decides. */
  async #ask(request: CheckRequest): Promise<Asked> {
    const { lifecycle } = this.#core;
    const { stops } = lifecycle;
    const refusal = lifecycle.refusal();
    if (refusal !== null)
      return { decision: localDeny(refusal.reason, refusal.detail), question: null, stops };
    try {
      const question = questionOf(request);
      const decision = await this.#tokens.use((token) => this.#send(question, token));
      return { decision, question, stops };
    } catch (fault) {
      return { decision: this.#denyFor(fault), question: null, stops };
    }
  }

  /**
   * The last look, in the same turn in which the work begins: what happened since the question may deny. Every deny of
   * this package is told here.
   */
  #conclude(request: CheckRequest, { decision, stops }: Asked, isUnchanged = true): Decision {
    const { lifecycle, onLocalDeny } = this.#core;
    let last = decision;
    if (decision.allowed) {
      const refusal = lifecycle.refusal(stops);
      if (refusal !== null) {
        const detail = `${refusal.detail}: it was stopped before the answer came`;
        last = localDeny(refusal.reason, detail, decision);
      } else if (!isUnchanged) {
        const detail = "the arguments have changed since they were allowed";
        last = localDeny("invalid_request", detail, decision);
      }
    }
    if (last.local) onLocalDeny(request, last);
    return last;
  }

  /** @throws the fault where the program asked for that, and what is no DomeError. */
  #denyFor(fault: unknown): Decision {
    if (!(fault instanceof DomeError)) throw fault;
    const { lifecycle, raiseOnError } = this.#core;
    const refusal = lifecycle.refusal();
    if (refusal !== null) return localDeny(refusal.reason, refusal.detail, { requestId: fault.requestId });
    if (raiseOnError) throw fault;
    const deny = denyFor(fault);
    // The credential of a stopped agent is refused because of the stop.
    return deny.reason === "credential_refused" && lifecycle.stopped !== null
      ? localDeny("stopped", lifecycle.stopped, deny)
      : deny;
  }

  #send(question: string, token: string): Promise<Decision> {
    const { transport, closing } = this.#core;
    return transport.ask(CHECK_PATH, decisionOf, question, { headers: bearer(token), signal: closing });
  }
}

/** Whether the request asks what was asked: the program may have changed its arguments meanwhile. */
function isStill(request: CheckRequest, question: string | null): boolean {
  try {
    return questionOf(request) === question;
  } catch {
    return false;
  }
}
