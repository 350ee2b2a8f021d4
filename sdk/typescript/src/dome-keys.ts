/**
 * The keys with which a Dome service signs, as it publishes them. They are fetched when they are first needed, and count for
 * five minutes, as the service says. A key that is not among them is looked for again, at most every 30 seconds: whoever
 * makes up key ids makes no traffic.
 */
import { parseBaseUrl } from "./base-url.ts";
import { members, type Members } from "./decode.ts";
import { ContextError } from "./errors.ts";
import { platformPorts, type Ports } from "./ports.ts";
import { shownCause } from "./secrets.ts";

/** How the keys of a service are found. */
export interface DomeKeysOptions extends Partial<Pick<Ports, "fetch" | "clock" | "deadline">> {
  /** The public URL of the service, exactly as it says it itself. */
  readonly issuer: string;
  /** Allow `http:` to another machine, where the network between is trusted; default false. */
  readonly insecureHttp?: boolean;
  /** Time for one fetch of the keys, in milliseconds; default 5,000. */
  readonly timeoutMs?: number;
}

const PATH = "/.well-known/jwks.json";
const COUNTS_MS = 300_000;
/** Between two looks for an unknown key, and after a fetch that failed. */
const LOOK_AGAIN_MS = 30_000;
const AFTER_FAILURE_MS = 1_000;
const TIMEOUT_MS = 5_000;
const MOST_BYTES = 65_536;
const MOST_KEYS = 100;

/** Named by what makes it: not every platform has a name for its type. */
type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
type Keys = ReadonlyMap<string, Key>;

/** The keys of one service. Make one and keep it: it is the cache. */
export class DomeKeys {
  /** The service that signs. */
  readonly issuer: string;
  readonly #ports: Pick<Ports, "fetch" | "clock" | "deadline">;
  readonly #timeoutMs: number;
  #kept: { readonly keys: Keys; readonly at: number } | null = null;
  #fetched: { readonly at: number; readonly ok: boolean } | null = null;
  #running: Promise<Keys> | null = null;

  /** @throws ConfigurationError for a URL that cannot be right. */
  constructor(options: DomeKeysOptions) {
    parseBaseUrl(options.issuer, options.insecureHttp === true, "issuer");
    this.issuer = options.issuer;
    const send = options.fetch ?? platformPorts.fetch;
    this.#ports = {
      fetch: (input, init) => send(input, init),
      clock: options.clock ?? platformPorts.clock,
      deadline: options.deadline ?? platformPorts.deadline,
    };
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  /** Milliseconds since the Unix epoch, by the clock that the keys are used with. */
  now(): number {
    return this.#ports.clock.now();
  }

  /**
   * @returns undefined: the service has no such key.
   * @throws ContextError `keys_unavailable`: it cannot be asked, so nothing can be verified.
   */
  async find(kid: string): Promise<Key | undefined> {
    const now = this.#ports.clock.monotonic();
    const kept = this.#kept !== null && now - this.#kept.at < COUNTS_MS ? this.#kept.keys : null;
    const found = kept?.get(kid);
    if (found !== undefined) return found;
    const since = this.#fetched === null ? Infinity : now - this.#fetched.at;
    if (kept !== null && since < LOOK_AGAIN_MS && this.#running === null) return undefined;
    if (kept === null && this.#fetched?.ok === false && since < AFTER_FAILURE_MS) throw unavailable();
    try {
      return (await this.#once(now)).get(kid);
    } catch (fault) {
      if (kept !== null) return undefined;
      throw fault;
    }
  }

  /** One fetch at a time. On Workers, a request must not wait for what another one has begun. */
  async #once(now: number): Promise<Keys> {
    if (isWorkers()) return this.#fetch(now);
    this.#running ??= this.#fetch(now).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #fetch(now: number): Promise<Keys> {
    this.#fetched = { at: now, ok: true };
    try {
      const response = await this.#ports.fetch(this.issuer.replace(/(?<!\/)\/+$/, "") + PATH, {
        headers: { accept: "application/json" },
        redirect: "manual",
        signal: this.#ports.deadline(this.#timeoutMs),
      });
      if (response.status !== 200) throw new Error(`it answered with ${response.status}`);
      const keys = await keysOf(JSON.parse(await textOf(response)));
      this.#kept = { keys, at: now };
      return keys;
    } catch (fault) {
      this.#fetched = { at: now, ok: false };
      throw unavailable(fault);
    }
  }
}

const isWorkers = (): boolean =>
  (globalThis as { readonly navigator?: { readonly userAgent?: string } }).navigator?.userAgent ===
  "Cloudflare-Workers";

const unavailable = (fault?: unknown): ContextError =>
  new ContextError(
    "keys_unavailable",
    "the keys of the Dome service cannot be fetched, so nothing can be verified",
    { cause: shownCause(fault) },
  );

async function textOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > MOST_BYTES) {
      await reader?.cancel();
      throw new Error(`the keys are more than ${MOST_BYTES} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** The keys that sign what lives for minutes. Keys of evidence, and of kinds that this version does not know, are passed over. */
async function keysOf(document: unknown): Promise<Keys> {
  const { keys } = members(document);
  if (!Array.isArray(keys) || keys.length > MOST_KEYS) throw new Error("it has no list of keys");
  const found = new Map<string, Key>();
  for (const each of keys.map((key) => members(key, "a key"))) {
    const { kid } = each;
    if (typeof kid === "string" && isTokenKey(each)) found.set(kid, await imported(each));
  }
  return found;
}

const isTokenKey = ({ kty, crv, alg, use, dome_use }: Members): boolean =>
  kty === "EC" && crv === "P-256" && alg === "ES256" && use === "sig" && dome_use === "token";

const imported = ({ x, y }: Members): Promise<Key> =>
  crypto.subtle.importKey(
    "jwk",
    { kty: "EC", crv: "P-256", x: String(x), y: String(y) },
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["verify"],
  );
