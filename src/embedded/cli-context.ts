/**
 * Saves two contexts for the command line in $XDG_CONFIG_HOME/dome/contexts.json, so that the first command works
 * without a login. `local` is an operator who runs agents; `local-admin` has the admin token. A context of another
 * server is never changed, because its token may be saved nowhere else. When the file cannot be written, the server
 * starts anyway.
 */
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { defined } from "../kernel/defined.ts";
import { readJson, readText, writeAtomically } from "./files.ts";
import type { LocalToken } from "./local-operator.ts";
import { reasonOf } from "./refusal.ts";

interface Mine {
  readonly url: string;
  readonly adminToken: string;
  /** The name of its context: `local` for the server that keeps its own state. */
  readonly contextName: string;
}

/** The result, for the person at the terminal. */
export interface Saved {
  /** The name of the context for this server; null when it could not be saved. */
  readonly name: string | null;
  /** The name of the context with the admin token; null when it could not be saved. */
  readonly admin: string | null;
  readonly current: boolean;
  /** Sentences to show to the person. */
  readonly remarks: readonly string[];
}

/** The path of the command line's contexts. */
export function contextsPath(env: Readonly<Record<string, string | undefined>>): string {
  const config = env["XDG_CONFIG_HOME"];
  // A relative path must be ignored (XDG Base Directory Specification).
  const base =
    config !== undefined && isAbsolute(config) ? config : join(env["HOME"] || homedir(), ".config");
  return join(base, "dome", "contexts.json");
}

/**
 * Saves this server as `local` and `local-admin`, or as `local-<port>` and `local-<port>-admin` where those names
 * belong to another server.
 * @param tokenFor returns the token for `local`, given the token that is saved there. It is called after the admin's
 * context was saved, so that no token is made when nothing can be saved.
 */
export async function saveContexts(
  path: string,
  mine: Mine,
  tokenFor: (saved: string | null) => Promise<LocalToken>,
): Promise<Saved> {
  const remarks: string[] = [];
  try {
    const file = readJson(path);
    if (file === null && readText(path) !== null) {
      return nothing(`${path} is not valid JSON and is unchanged`);
    }
    const name = nameOf(memberOf(file, "contexts") ?? {}, mine);
    if (name !== mine.contextName)
      remarks.push(`the context "${mine.contextName}" belongs to another server and was left alone`);
    const admin = `${name}-admin`;
    save(path, admin, { url: mine.url, token: mine.adminToken });
    const made = await tokenFor(tokenOf(memberOf(memberOf(file, "contexts"), name)));
    if ("remark" in made) return { name: null, admin, current: false, remarks: [...remarks, made.remark] };
    const current = save(path, name, { url: mine.url, token: made.token }, name);
    return { name, admin, current: current === name, remarks };
  } catch (error) {
    return nothing(`the context could not be saved in ${path}: ${reasonOf(error)}`);
  }
}

const nothing = (remark: string): Saved => ({ name: null, admin: null, current: false, remarks: [remark] });

/**
 * Writes one context.
 * @param chosen the context to make current when none is.
 * @returns the name of the current context, if there is one.
 */
function save(
  path: string,
  name: string,
  context: { readonly url: string; readonly token: string },
  chosen?: string,
): string | undefined {
  const file = readJson(path);
  const contexts = memberOf(file, "contexts") ?? {};
  const before = file !== null && "current" in file ? file.current : undefined;
  const current = typeof before === "string" && Object.hasOwn(contexts, before) ? before : chosen;
  const saved = { ...memberOf(contexts, name), ...context };
  const { current: _before, ...rest } = { current: undefined, ...file };
  const whole = {
    ...rest,
    ...defined({ current }),
    contexts: { ...contexts, [name]: saved },
  };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeAtomically(path, `${JSON.stringify(whole, null, 2)}\n`);
  return current;
}

/**
 * Picks the name of the context. The usual name belongs to this server when it is free, when it has this server's URL
 * (the token of an earlier state is dead), or when its admin context has this server's admin token.
 */
function nameOf(contexts: object, { url, adminToken, contextName }: Mine): string {
  const local = memberOf(contexts, contextName);
  const beside = memberOf(contexts, `${contextName}-admin`);
  const moved = tokenOf(beside) === adminToken && urlOf(beside) === urlOf(local);
  const isMine = local === null || urlOf(local) === url || tokenOf(local) === adminToken || moved;
  return isMine && (beside === null || urlOf(beside) === url || tokenOf(beside) === adminToken)
    ? contextName
    : `${contextName}-${new URL(url).port}`;
}

const tokenOf = (context: object | null): string | null => textOf(context, "token");
const urlOf = (context: object | null): string | null => textOf(context, "url");

function textOf(context: object | null, name: string): string | null {
  const text: unknown = context === null ? null : Reflect.get(context, name);
  return typeof text === "string" ? text : null;
}

function memberOf(value: object | null, name: string): object | null {
  const member: unknown = value === null ? null : Reflect.get(value, name);
  return typeof member === "object" ? member : null;
}
