/**
 * Contexts: the URL of a service and its operator token, by name, in one file of mode 0600. The file is replaced as a
 * whole, so that a reader never sees half of it.
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { toHex } from "../kernel/bytes.ts";
import { defined } from "../kernel/defined.ts";
import { CommandFailure, EXIT } from "./exit.ts";
import { faultCode } from "./fault-code.ts";
import type { Environment, Io } from "./io.ts";

export interface Context {
  readonly url: string;
  readonly token: string;
  /** The workspace of commands that name none. */
  readonly workspace?: string;
}

export interface Contexts {
  readonly current: string | null;
  readonly contexts: Readonly<Record<string, Context>>;
}

const NONE: Contexts = { current: null, contexts: {} };

/** `$XDG_CONFIG_HOME/dome/contexts.json`; a relative XDG_CONFIG_HOME counts as none (XDG base directories). */
export function contextsPath(env: Environment): string {
  const configured = env.XDG_CONFIG_HOME;
  const base = configured && isAbsolute(configured) ? configured : join(env.HOME || homedir(), ".config");
  return join(base, "dome", "contexts.json");
}

/** @throws CommandFailure when the file exists and is not a contexts file. */
export async function readContexts(env: Environment): Promise<Contexts> {
  const path = contextsPath(env);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (fault) {
    if (faultCode(fault) === "ENOENT") return NONE;
    throw new CommandFailure(EXIT.failed, `${path} cannot be read (${faultCode(fault)})`);
  }
  const contexts = parse(text);
  if (contexts === null) {
    throw new CommandFailure(
      EXIT.failed,
      `${path} is damaged: move it away and log in again`,
      "dome login --url URL",
    );
  }
  return contexts;
}

export async function writeContexts(io: Io, contexts: Contexts): Promise<void> {
  const path = contextsPath(io.env);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${toHex(io.random.bytes(8))}`;
  try {
    await writeFile(draft, `${JSON.stringify(contexts, null, 2)}\n`, {
      mode: 0o600,
      flag: "wx",
    });
    await rename(draft, path);
  } catch (fault) {
    await rm(draft, { force: true });
    throw fault;
  }
}

export const withContext = (contexts: Contexts, name: string, context: Context): Contexts => ({
  current: name,
  contexts: { ...contexts.contexts, [name]: context },
});

export function withoutContext(contexts: Contexts, name: string): Contexts {
  const { [name]: _gone, ...rest } = contexts.contexts;
  return {
    current: contexts.current === name ? null : contexts.current,
    contexts: rest,
  };
}

/**
 * A context by name. Names come from the command line, so inherited members such as `constructor` must not be found.
 */
export const contextNamed = (contexts: Contexts, name: string): Context | undefined =>
  Object.hasOwn(contexts.contexts, name) ? contexts.contexts[name] : undefined;

function parse(text: string): Contexts | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || !isRecord(value["contexts"])) return null;
  const contexts: Record<string, Context> = {};
  for (const [name, entry] of Object.entries(value["contexts"])) {
    if (!isRecord(entry)) return null;
    const { url, token, workspace } = entry;
    if (typeof url !== "string" || typeof token !== "string") return null;
    const chosen = typeof workspace === "string" ? workspace : undefined;
    contexts[name] = { url, token, ...defined({ workspace: chosen }) };
  }
  const current = value["current"];
  return {
    current: typeof current === "string" && Object.hasOwn(contexts, current) ? current : null,
    contexts,
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
