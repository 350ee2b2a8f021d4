/**
 * Whether a call token is valid at this moment, and for whom (RFC 7662): for a program that agents call. Nothing is kept: a
 * token that was good a second ago may belong to an agent that has been stopped.
 */
import { parseBaseUrl } from "./base-url.ts";
import { bearer, checkToken, fromProgram, type Until } from "./credential.ts";
import { members, Mismatch, text, textOrNull, whole, type Decoder } from "./decode.ts";
import { TIMEOUT_MS } from "./options.ts";
import { portsOf, type RequestPorts } from "./ports.ts";
import { Transport } from "./transport.ts";

/** How an `Introspection` is set up. */
export interface IntrospectionOptions extends Partial<RequestPorts> {
  /** The URL of the service. */
  readonly baseUrl: string;
  /**
   * What may ask: the token of an operator of the workspace, or the key of an agent that is in the token's chain. For any
   * other credential every token is inactive.
   */
  readonly credential: string | (() => string | Promise<string>);
  /** Of the token: the public URL of the service, or of one of its endpoints. Without it every audience is taken. */
  readonly audience?: string;
  /** Allow `http:` to another machine, where the network between is trusted; default false. */
  readonly insecureHttp?: boolean;
  /** Time for one attempt of a request, in milliseconds; default 10,000. */
  readonly timeoutMs?: number;
}

/** The calling agent, as the service says. */
export interface Caller {
  /** The agent that acts now. */
  readonly agent: string;
  /** The name of that agent. */
  readonly name: string;
  /** The id of its workspace. */
  readonly workspace: string;
  /** Its tier. */
  readonly tier: string;
  /** For whom it acts: a user, or the agent that the chain began with; the agent itself where it acts for itself. */
  readonly subject: string;
  /** Every agent that takes part, newest first. */
  readonly chain: readonly string[];
  /** Space-separated. */
  readonly scope: string;
  /** What the token is for: the URL of the service, or of one of its endpoints. */
  readonly audience: string;
  /** The transaction; null where there is none. */
  readonly txn: string | null;
  /** Seconds since the epoch, by the service's clock. */
  readonly expiresAt: number;
}

/** Asks the service whether call tokens are valid. */
export class Introspection {
  readonly #transport: Transport;
  readonly #credential: IntrospectionOptions["credential"];
  readonly #audience: string | null;
  readonly #until: Until;

  /** @throws ConfigurationError for a URL that cannot be right. */
  constructor(options: IntrospectionOptions) {
    const url = parseBaseUrl(options.baseUrl, options.insecureHttp === true).href;
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    const ports = portsOf(options);
    this.#transport = new Transport({ ...ports, url, timeoutMs });
    this.#until = { deadline: ports.deadline, timeoutMs };
    this.#credential = options.credential;
    this.#audience = options.audience ?? null;
  }

  /**
   * @param token the bearer token that came with a call.
   * @returns null when it is not active, or has another audience.
   * @throws DomeError when the service cannot be asked: then no call may be let in.
   */
  async callerOf(token: string): Promise<Caller | null> {
    const credential =
      typeof this.#credential === "string"
        ? this.#credential
        : await fromProgram(this.#credential, this.#until);
    const form = new URLSearchParams({ token });
    const headers = bearer(checkToken(credential));
    const caller = await this.#transport.ask("/api/v1/auth/introspect", callerOf, form, { headers });
    return caller !== null && this.#audience !== null && caller.audience !== this.#audience ? null : caller;
  }

  /**
   * @param header the value of `Authorization`.
   * @returns null when it has no valid bearer token.
   * @throws DomeError when the service cannot be asked.
   */
  async callerOfHeader(header: string | null | undefined): Promise<Caller | null> {
    const token = /^Bearer +([\x21-\x7e]+)$/i.exec(header ?? "")?.[1];
    return token === undefined ? null : this.callerOf(token);
  }
}

const callerOf: Decoder<Caller | null> = (value) => {
  const body = members(value);
  if (body["active"] === false) return null;
  if (body["active"] !== true) throw new Mismatch("active: is neither true nor false");
  const dome = members(body["dome"], "dome");
  const { chain } = dome;
  if (!Array.isArray(chain)) throw new Mismatch("chain: is no list");
  return {
    agent: text(body, "client_id"),
    name: text(dome, "name"),
    workspace: text(dome, "workspace"),
    tier: text(dome, "tier"),
    subject: text(body, "sub"),
    chain: chain.map((link) => text(members(link, "chain"), "agent")),
    scope: text(body, "scope"),
    audience: text(body, "aud"),
    txn: textOrNull(body, "txn"),
    expiresAt: whole(body, "exp"),
  };
};
