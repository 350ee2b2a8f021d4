/**
 * Finds the service and the token to use. A token belongs to the URL that it was saved or set with: a saved token is
 * never combined with a URL from another source, nor a token from the environment with a saved URL. Pure.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import { contextNamed, type Contexts } from "./config.ts";
import type { Environment } from "./io.ts";

export interface Connection {
  readonly url: string;
  readonly token: string;
  /** Null when URL and token came from the environment. */
  readonly context: string | null;
}

export type NoConnection =
  | { readonly kind: "url_without_token" }
  | { readonly kind: "token_without_url" }
  | { readonly kind: "no_context" }
  | { readonly kind: "unknown_context"; readonly name: string }
  | { readonly kind: "bad_url"; readonly url: string };

/** An operator's connection: `--context NAME`, else DOME_URL with DOME_TOKEN, else the current context. */
export function operatorConnection(
  env: Environment,
  contexts: Contexts,
  wanted: string | undefined,
): Result<Connection, NoConnection> {
  if (wanted !== undefined) return saved(contexts, wanted);
  if (env.DOME_URL && env.DOME_TOKEN) {
    const url = serviceUrl(env.DOME_URL);
    return url === null
      ? err({ kind: "bad_url", url: env.DOME_URL })
      : ok({ url, token: env.DOME_TOKEN, context: null });
  }
  if (env.DOME_URL) return err({ kind: "url_without_token" });
  if (env.DOME_TOKEN) return err({ kind: "token_without_url" });
  return contexts.current === null ? err({ kind: "no_context" }) : saved(contexts, contexts.current);
}

/** The URL for an agent's credential, which comes with the command. */
export function agentUrl(
  env: Environment,
  contexts: Contexts,
  wanted: string | undefined,
): Result<string, NoConnection> {
  if (wanted === undefined && env.DOME_URL) {
    const url = serviceUrl(env.DOME_URL);
    return url === null ? err({ kind: "bad_url", url: env.DOME_URL }) : ok(url);
  }
  const name = wanted ?? contexts.current;
  if (name === null) return err({ kind: "no_context" });
  const found = saved(contexts, name);
  return found.ok ? ok(found.value.url) : found;
}

/**
 * The workspace of a command that names none: DOME_WORKSPACE, otherwise that of the context in use.
 * @returns null when there is neither; then the service decides.
 */
export function defaultWorkspace(
  env: Environment,
  contexts: Contexts,
  wanted: string | undefined,
): string | null {
  if (env.DOME_WORKSPACE) return env.DOME_WORKSPACE;
  const name = wanted ?? (env.DOME_URL ? null : contexts.current);
  return (name === null ? undefined : contextNamed(contexts, name)?.workspace) ?? null;
}

function saved(contexts: Contexts, name: string): Result<Connection, NoConnection> {
  const context = contextNamed(contexts, name);
  if (context === undefined) return err({ kind: "unknown_context", name });
  const url = serviceUrl(context.url);
  return url === null
    ? err({ kind: "bad_url", url: context.url })
    : ok({ url, token: context.token, context: name });
}

/** The URL of a service in its plain form, or null: http or https, without credentials, query or fragment. */
export function serviceUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!plain || !["http:", "https:"].includes(url.protocol)) return null;
  return `${url.origin}${url.pathname.replace(/(?<!\/)\/+$/, "")}`;
}

/** True when what is sent to this URL stays on this machine. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
