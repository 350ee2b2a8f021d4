/** Runs the command line in this process, against prepared replies, in a home of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Environment, Io } from "../../../src/cli/io.ts";
import { run } from "../../../src/cli/main.ts";
import { FakeService, type Reply } from "../client/fake-service.ts";

export const TOKEN = `dome_ot_${"T".repeat(49)}`;
export const SERVICE_URL = "https://dome.example.com";

export interface World {
  /** Of the environment, besides those that the command line knows. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly env?: Environment;
  readonly stdin?: string;
  /** What a person types when asked; its presence makes stdin and stderr a terminal. */
  readonly typed?: string;
  /** stdout and stderr are terminals. */
  readonly terminal?: boolean;
  /** A person ends the program as soon as it waits. */
  readonly interrupted?: boolean;
  readonly home?: string;
  /** Where the reader is, as the IANA names it; UTC without it. */
  readonly timeZone?: string;
  readonly replies?: readonly Reply[];
}

export interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly service: FakeService;
  readonly questions: readonly string[];
  /** `METHOD /path` of each request. */
  readonly requests: readonly string[];
}

/** A home of this test, removed after it. */
export function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "dome-cli-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

export const contextsFile = (home: string): string => join(home, "dome", "contexts.json");

/** A home that is logged in to `local` and to `other`, with `local` chosen. */
export function homeWithContexts(): string {
  const home = newHome();
  mkdirSync(join(home, "dome"), { recursive: true });
  const contexts = {
    current: "local",
    contexts: {
      local: { url: SERVICE_URL, token: TOKEN },
      other: { url: "https://other.example.com", token: `dome_ot_${"O".repeat(49)}` },
    },
  };
  writeFileSync(contextsFile(home), JSON.stringify(contexts), { mode: 0o600 });
  return home;
}

/** Runs `dome` with these words. Without an environment of its own it is logged in to SERVICE_URL. */
export async function dome(argv: readonly string[], world: World = {}): Promise<Outcome> {
  const service = new FakeService(...(world.replies ?? []));
  const home = world.home ?? newHome();
  const loggedIn = world.env === undefined && world.home === undefined;
  const written = { stdout: "", stderr: "" };
  const questions: string[] = [];
  const io: Io = {
    ...service.ports,
    env: { XDG_CONFIG_HOME: home, ...(loggedIn ? { DOME_URL: SERVICE_URL, DOME_TOKEN: TOKEN } : world.env) },
    variable: (name) => world.variables?.[name],
    stdin: {
      isTTY: world.typed !== undefined,
      read: () => Promise.resolve(world.stdin ?? ""),
      ask: (question) => {
        questions.push(question);
        return Promise.resolve(world.typed ?? "");
      },
    },
    stdout: { write: (text) => void (written.stdout += text), isTTY: world.terminal === true },
    stderr: { write: (text) => void (written.stderr += text), isTTY: world.terminal === true },
    timeZone: () => world.timeZone ?? "UTC",
    onInterrupt: (tell) => {
      if (world.interrupted === true) tell();
      return () => undefined;
    },
    version: "0.1.0",
  };
  const exit = await run(argv, io);
  const requests = service.seen.map(({ method, url }) => `${method} ${url.replace(/^https?:\/\/[^/]+/, "")}`);
  return { exit, ...written, service, questions, requests };
}
