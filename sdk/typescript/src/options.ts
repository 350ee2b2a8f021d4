/** How a client is set up. Only `baseUrl` and one of `token` and `getToken` are needed. */
import type { KeySource, TokenCallback } from "./credential.ts";
import type { Ports } from "./ports.ts";

/** Time for one attempt of a request, in milliseconds. */
export const TIMEOUT_MS = 10_000;

/** What a client may be told beside its credential. */
export interface ClientSettings extends Partial<Ports> {
  /** The URL of the service, for instance `https://dome.example.com`. */
  readonly baseUrl: string;
  /** Throw a DomeError from `check` when the question could not be asked, instead of denying; default false. */
  readonly raiseOnError?: boolean;
  /** Allow `http:` to another machine, where the network between is trusted; default false. */
  readonly insecureHttp?: boolean;
  /** Time for one attempt of a request, in milliseconds; default 10,000. */
  readonly timeoutMs?: number;
  /** How often a failed request is sent again; default 2. */
  readonly retries?: number;
  /** The longest that `start` and `close` take, in milliseconds; default 5,000. */
  readonly patienceMs?: number;
  /** The most audit events that wait to be sent; default 1,000. */
  readonly bufferedEvents?: number;
  /** On `SIGTERM` (Node.js, Deno, Bun): drain for at most this long, in milliseconds, close, and let the signal end the process. */
  readonly drainOnSigterm?: number;
  /** Told what goes wrong in the background: renewals, the event stream, hooks, reports. */
  readonly onError?: (fault: unknown) => void;
  /** Told how many audit events were lost, each time that some were. */
  readonly onEventsLost?: (count: number) => void;
}

/** For a process that may hold the key. */
export interface WithKey {
  /** The agent's API key, `dome_at_…`, or a function that reads the newest one. */
  readonly token: KeySource;
  /** Not with `token`. */
  readonly getToken?: undefined;
}

/** For a process that must not hold the key. */
export interface WithTokens {
  /** Obtains call tokens, where the key must not be: in a browser. */
  readonly getToken: TokenCallback;
  /** Not with `getToken`. */
  readonly token?: undefined;
}

/** How a `DomeClient` is set up. */
export type DomeClientOptions = ClientSettings & (WithKey | WithTokens);
