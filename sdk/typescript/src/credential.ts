/**
 * What the client shows the service: the agent's key, or call tokens that somebody else obtains. Nothing of it is
 * reachable from outside: it is in no property, no JSON and no inspection of an object.
 */
import { ConfigurationError } from "./errors.ts";

/** An API key, or what reads the newest one: it is asked whenever the key is needed, so that a rotation needs no restart. */
export type KeySource = string | (() => string | Promise<string>);

/** Of a call token that the callback obtained. */
export interface GivenToken {
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

const KEY_FORM = /^dome_at_[0-9A-Za-z]{49}$/;

/** The key of an agent, read anew each time. */
export class AgentKey {
  readonly #source: KeySource;

  /** @throws ConfigurationError where a key that is given as text cannot be one, or must not be here. */
  constructor(source: KeySource) {
    if (runsInBrowser()) {
      throw new ConfigurationError(
        "an agent's API key must not be in a browser, where everybody can read it: give getToken, a function that asks your server for a call token",
      );
    }
    this.#source = source;
    if (typeof source !== "function") checkForm(source);
  }

  /** @throws ConfigurationError when what is read is no key. */
  async read(): Promise<string> {
    const key = typeof this.#source === "string" ? this.#source : await this.#source();
    checkForm(key);
    return key;
  }
}

/** The message does not repeat the text: a mistyped secret is still a secret. */
function checkForm(key: unknown): void {
  if (typeof key === "string" && KEY_FORM.test(key)) return;
  const kind = typeof key !== "string" ? "not a text" : key.startsWith("dome_ot_") ? "an operator's" : null;
  throw new ConfigurationError(
    kind === null
      ? "token is no API key of an agent: that is dome_at_ and 49 letters and digits, without spaces or line ends"
      : `token is ${kind}: give the API key of an agent, which begins with dome_at_`,
  );
}

/** @throws ConfigurationError when it has characters that no token has (RFC 6750 §2.1). */
export function checkToken(token: unknown): string {
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))
    throw new ConfigurationError("the token has characters that no token has");
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
