/**
 * The agent's client: `new DomeClient({ baseUrl, token })`, `await client.start()`, `await client.check({ tool })`.
 * It can deny by itself, and never allows by itself.
 */
import { AgentCalls } from "./agent-calls.ts";
import { AuditReports } from "./audit-reports.ts";
import { parseBaseUrl } from "./base-url.ts";
import { CallTokens, type Obtain } from "./call-tokens.ts";
import type { Core } from "./core.ts";
import {
  AgentKey,
  checkToken,
  fromProgram,
  type GivenToken,
  type TokenCallback,
  type Until,
  type WithCredential,
} from "./credential.ts";
import { localDeny } from "./decision.ts";
import { DeniedError } from "./denied.ts";
import {
  ConfigurationError,
  NotAuthenticatedError,
  UnreadableAnswerError,
  type DomeError,
} from "./errors.ts";
import { EventStream } from "./event-stream.ts";
import { LifecycleEvents } from "./hooks.ts";
import { Lifecycle } from "./lifecycle.ts";
import { LocalDenies } from "./local-denies.ts";
import { TIMEOUT_MS, type DomeClientOptions } from "./options.ts";
import { portsOf } from "./ports.ts";
import { onProcessEnd } from "./process-end.ts";
import { exchangedToken, ownToken, type Subject } from "./token-endpoint.ts";
import { Transport } from "./transport.ts";
import { VERSION } from "./version.ts";

const PATIENCE_MS = 5_000;
const BUFFERED_EVENTS = 1_000;

export class DomeClient extends AgentCalls {
  /** What happens to the agent: `client.events.on("agent.draining", …)`. */
  readonly events: LifecycleEvents;
  /** What happens inside this process: `client.audit.emit("order_placed", { order: "4711" })`. */
  readonly audit: AuditReports;
  readonly #core: Core;
  readonly #tokens: CallTokens;
  readonly #stream: EventStream;
  readonly #key: AgentKey | null;
  readonly #until: Until;
  readonly #patienceMs: number;
  readonly #onError: (fault: unknown) => void;
  readonly #close: AbortController;
  readonly #drainOnSigterm: number | null;
  #starting: Promise<void> | null = null;
  #closed: Promise<void> | null = null;
  #leaveProcess: (() => void) | null = null;

  /** @throws ConfigurationError for what cannot be right: a URL, a text that is no key, a key in a browser. */
  constructor(options: DomeClientOptions) {
    const baseUrl = parseBaseUrl(options.baseUrl, options.insecureHttp === true);
    const ports = portsOf(options);
    const close = new AbortController();
    const onError = quietly(options.onError);
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    const until = { deadline: ports.deadline, timeoutMs, closing: close.signal };
    const transport = new Transport({
      ...ports,
      url: baseUrl.href,
      headers: { "User-Agent": `dome-agent-sdk-typescript/${VERSION}` },
      retries: options.retries,
      timeoutMs,
    });
    const key = options.token === undefined ? null : new AgentKey(options.token, until);
    const obtain =
      key === null
        ? givenTokens(options.getToken, until)
        : ownToken(transport, key, { signal: close.signal });
    const events = new LifecycleEvents(onError);
    const lifecycle = new Lifecycle(ports, events, () => tokens.rest());
    const tokens = new CallTokens(obtain, ports, lifecycle, onError);
    const withCredential: WithCredential =
      key === null ? (send) => tokens.use(send) : async (send) => send(await key.read());
    const audit = new AuditReports({
      ports,
      transport,
      withCredential,
      most: options.bufferedEvents ?? BUFFERED_EVENTS,
      onError,
      onLost: quietly(options.onEventsLost),
    });
    const denies = new LocalDenies(ports.clock, audit, onError);
    const core: Core = {
      baseUrl,
      transport,
      ports,
      lifecycle,
      closing: close.signal,
      raiseOnError: options.raiseOnError === true,
      onLocalDeny: (request, decision) => denies.report(request, decision),
    };
    super(core, tokens);
    this.#core = core;
    this.#tokens = tokens;
    this.#key = key;
    this.#until = until;
    this.#close = close;
    this.#onError = onError;
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS;
    this.#drainOnSigterm = options.drainOnSigterm ?? null;
    this.events = events;
    this.audit = audit;
    this.#stream = new EventStream({
      ports,
      transport,
      withCredential,
      lifecycle,
      onLimit: (most) => audit.limit(most),
      onError,
    });
  }

  /**
   * Begins to renew the token and to hear of the agent's life. Returns within `patienceMs`; a service that cannot be
   * reached, or an agent that is not active, is no error: the client goes on by itself.
   * @throws NotAuthenticatedError when the service does not know the key; UnreadableAnswerError when the URL is not a
   * Dome's; ConfigurationError when the function that reads the key gives none.
   */
  start(): Promise<void> {
    if (this.#closed !== null) return Promise.reject(closedError());
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * A client that acts for a user. It shares this client's connections and its life.
   * @param userToken an ID token that an identity provider of the workspace has issued for this agent, or a function that
   * reads a fresh one: the service accepts them for ten minutes.
   */
  actAs(userToken: string | (() => string | Promise<string>)): AgentCalls {
    return this.#scoped("id_token", userToken);
  }

  /**
   * A client that acts for the agent whose call token this is, and for the user or agent that this one acts for.
   * @param callToken the token with which the other agent called, or a function that reads it.
   */
  onBehalfOf(callToken: string | (() => string | Promise<string>)): AgentCalls {
    return this.#scoped("access_token", callToken);
  }

  /**
   * Takes no new work from now on, and lets what runs go on.
   * @param withinMs after which what still runs is cut, in milliseconds.
   * @returns when nothing runs any more.
   */
  drain(withinMs: number): Promise<void> {
    this.#core.lifecycle.leave(withinMs);
    return this.drained();
  }

  /**
   * Resolves when a drain is over: the agent takes no new work, the hooks have run, and no `onAllow` and no guarded
   * function runs any more; requests of `fetch` are not waited for. Do not wait for it in a hook: it waits for the hooks.
   */
  drained(): Promise<void> {
    return this.#core.lifecycle.drained();
  }

  /**
   * Ends the client: no new work, what runs is cut, buffered audit events are sent. Returns within `patienceMs`.
   * For a clean end, `await client.drain(…)` first.
   */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #start(): Promise<void> {
    try {
      await this.#soon(this.#tokens.get(), this.#patienceMs);
    } catch (fault) {
      if (isBadKeyOrUrl(fault)) {
        this.#starting = null;
        throw fault;
      }
      this.#onError(fault);
    }
    if (this.#closed !== null) throw closedError();
    this.#tokens.keepFresh();
    this.#stream.start();
    const withinMs = this.#drainOnSigterm;
    this.#leaveProcess = onProcessEnd({
      flush: () => this.close(),
      sigterm: withinMs === null ? null : (): Promise<void> => this.#leave(withinMs),
    });
  }

  /** A hook that does not end is not waited for: the process is told to end. */
  async #leave(withinMs: number): Promise<void> {
    await this.#soon(this.drain(withinMs), withinMs);
    await this.close();
  }

  async #end(): Promise<void> {
    this.#leaveProcess?.();
    this.#core.lifecycle.close();
    this.#tokens.stop();
    this.#stream.stop();
    await this.#soon(this.audit.close(), this.#patienceMs);
    this.#close.abort();
    this.audit.giveUp();
  }

  /** Waits for `wait`, and no longer than so many milliseconds. */
  async #soon(wait: Promise<unknown>, ms: number): Promise<void> {
    const done = new AbortController();
    try {
      await Promise.race([wait, this.#core.ports.timers.sleep(ms, done.signal)]);
    } finally {
      done.abort();
    }
  }

  #scoped(kind: Subject["kind"], given: string | (() => string | Promise<string>)): AgentCalls {
    if (this.#key === null)
      throw new ConfigurationError(
        "acting for a user or another agent needs the agent's key: this client has call tokens alone",
      );
    if (typeof given === "string") checkToken(given);
    const subject: Subject = {
      kind,
      read: async () =>
        typeof given === "string"
          ? given
          : checkToken(await fromProgram(given, this.#until), "invalid_subject"),
    };
    const { transport, ports, lifecycle } = this.#core;
    const obtain = exchangedToken(transport, this.#key, subject, { signal: this.#close.signal });
    return new AgentCalls(this.#core, new CallTokens(obtain, ports, lifecycle, this.#onError));
  }
}

/** Asks the callback, whose answer is a text that may be good for this one request only, or says how long it is good. */
const givenTokens =
  (getToken: TokenCallback | undefined, until: Until): Obtain =>
  async (wish) => {
    if (typeof getToken !== "function")
      throw new ConfigurationError(
        "give token, the agent's API key, or getToken, a function that obtains call tokens",
      );
    return fromProgram(async () => {
      const given = await getToken(wish);
      const { token, expiresIn = 0 }: GivenToken = typeof given === "string" ? { token: given } : given;
      // What is no length of time says nothing.
      const isLife = Number.isFinite(expiresIn) && expiresIn > 0;
      return { token: checkToken(token, "invalid_credential"), expiresIn: isLife ? expiresIn : null };
    }, until);
  };

/** A hook of the program must not break what it is told of. */
const quietly =
  <T>(hook: ((told: T) => unknown) | undefined): ((told: T) => void) =>
  (told) => {
    try {
      hook?.(told);
    } catch {
      // The hook that would be told is the one that failed.
    }
  };

const isBadKeyOrUrl = (fault: unknown): fault is DomeError =>
  fault instanceof NotAuthenticatedError ||
  fault instanceof UnreadableAnswerError ||
  fault instanceof ConfigurationError;

const closedError = (): DeniedError => new DeniedError(localDeny("closed", "this client is closed"));
