/**
 * What the client shows the service: the agent's key, or call tokens that the program obtains. Nothing of it is
 * reachable from outside: it is in no property, no JSON and no inspection of an object.
 */
import {
  CancelledError,
  ConfigurationError,
  CredentialUnavailableError,
  DomeError,
  TimeoutError,
} from "./errors.ts";
import type { RequestPorts } from "./ports.ts";
import { shownCause } from "./secrets.ts";
import { linked, unlessAborted } from "./signals.ts";

/** An API key, or a function that reads the newest one: it is called whenever the key is needed, so that a rotation needs no restart. */
export type KeySource = string | (() => string | Promise<string>);

/** Of a call token that the callback obtained. */
export interface GivenToken {
  /** The call token. */
  readonly token: string;
  /** How long it is good for, in seconds; when left out, the callback is asked before each request. */
  readonly expiresIn?: number;
}

/**
 * Obtains a call token, where the key must not be: a browser asks its own server.
 * @param wish `refused`: the last token was refused, so another is needed.
 */
export type TokenCallback = (wish: {
  readonly refused: boolean;
}) => string | GivenToken | Promise<string | GivenToken>;

/** Sends something with the credential, and says what came of it. */
export type WithCredential = <T>(send: (credential: string) => Promise<T>) => Promise<T>;

/** How long a function of the program is waited for. */
export interface Until {
  readonly deadline: RequestPorts["deadline"];
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Aborts when the client is closed. */
  readonly closing?: AbortSignal;
}

/**
 * Reads a key or a token by a function of the program, which may throw, or never end.
 * @throws DomeError, whatever it does: a question that cannot be asked is a deny.
 */
export async function fromProgram<T>(read: () => T | Promise<T>, until: Until): Promise<T> {
  const { deadline, timeoutMs, closing } = until;
  const { signal, release } = linked([closing, deadline(timeoutMs)]);
  try {
    return await unlessAborted((async () => read())(), signal);
  } catch (fault) {
    if (closing?.aborted === true) throw new CancelledError();
    if (signal.aborted) throw new TimeoutError(`the program gave no credential within ${timeoutMs / 1000} s`);
    if (fault instanceof DomeError) throw fault;
    const why = fault instanceof Error ? `: ${fault.message}` : "";
    throw new CredentialUnavailableError(`the program gave no credential${why}`, {
      cause: shownCause(fault),
    });
  } finally {
    release();
  }
}

const KEY_FORM = /^dome_at_[0-9A-Za-z]{49}$/;

/** The key of an agent, read anew each time. */
export class AgentKey {
  readonly #source: KeySource;
  readonly #until: Until;

  /**
   * @param until how long a function that reads the key is waited for.
   * @throws ConfigurationError where a key that is given as text cannot be one, or must not be here.
   */
  constructor(source: KeySource, until: Until) {
    if (runsInBrowser()) {
      throw new ConfigurationError(
        "an agent's API key must not be in a browser, where every visitor can read it: give getToken, a function that asks your server for a call token",
      );
    }
    this.#source = source;
    this.#until = until;
    if (typeof source !== "function") checkForm(source, "invalid_argument");
  }

  /** @throws DomeError when nothing is read in time; ConfigurationError when what is read is no key. */
  async read(): Promise<string> {
    if (typeof this.#source === "string") return this.#source;
    const key = await fromProgram(this.#source, this.#until);
    checkForm(key, "invalid_credential");
    return key;
  }
}

/** The message does not repeat the text: a mistyped secret is still a secret. */
function checkForm(key: unknown, code: "invalid_argument" | "invalid_credential"): void {
  if (typeof key === "string" && KEY_FORM.test(key)) return;
  const kind = typeof key !== "string" ? "not a text" : key.startsWith("dome_ot_") ? "an operator's" : null;
  throw new ConfigurationError(
    kind === null
      ? "token is no API key of an agent: that is dome_at_ and 49 letters and digits, without spaces or line ends"
      : `token is ${kind}: give the API key of an agent, which begins with dome_at_`,
    code,
  );
}

/**
 * @param code of the error.
 * @throws ConfigurationError when it has characters that no token has (RFC 6750 §2.1).
 */
export function checkToken(
  token: unknown,
  code?: ConstructorParameters<typeof ConfigurationError>[1],
): string {
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))
    throw new ConfigurationError("the credential has characters that no credential has", code);
  return token;
}

export const bearer = (token: string): { readonly Authorization: string } => ({
  Authorization: `Bearer ${token}`,
});

/** A page, or a worker of a page. What runs JavaScript on a server has no document, even where it has a window. */
function runsInBrowser(): boolean {
  const { document, importScripts, process, navigator } = globalThis as Readonly<Record<string, unknown>> & {
    process?: { versions?: { node?: string } };
    navigator?: { userAgent?: string };
  };
  if (process?.versions?.node !== undefined) return false; // tests with a made-up document
  if (navigator?.userAgent === "Cloudflare-Workers") return false;
  return document !== undefined || typeof importScripts === "function";
}
