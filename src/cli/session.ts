/**
 * One run of the program: the global options, and the clients of the service, made when a command needs them. The
 * client, with all its schemas, is loaded only then, so that `--help` is fast.
 */
import type { AgentClient } from "../client/agent-client.ts";
import type { ControlPlane } from "../client/control-plane.ts";
import type { PublishedKeys } from "../client/published-keys.ts";
import { unreachable } from "../kernel/result.ts";
import { readAgentCredential } from "./agent-credential.ts";
import { readContexts } from "./config.ts";
import {
  agentUrl,
  defaultWorkspace,
  operatorConnection,
  type Connection,
  type NoConnection,
} from "./connection.ts";
import { CommandFailure, EXIT, usage, type ExitCode } from "./exit.ts";
import type { Invocation } from "./invocation.ts";
import { bodyForm, JSON_FORM } from "./formats.ts";
import { Output, type Format, type GuardedIo, type Mode } from "./output.ts";

export interface GlobalOptions {
  readonly context?: string;
  readonly output?: Format;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

type About = Pick<Invocation, "words" | "subject" | "rest" | "workspace" | "flags">;

/** The defaults. */
const PRINTING = { wide: false, form: JSON_FORM, here: { context: null } };

export class Session {
  readonly io: GuardedIo;
  #globals: GlobalOptions = {};
  #output: Output;
  #invocation: Invocation = {
    words: [],
    subject: null,
    rest: [],
    workspace: null,
    url: null,
    context: null,
    here: { context: null },
    asAgent: false,
    flags: [],
  };
  #connection: Connection | undefined;
  #exit: ExitCode = EXIT.ok;

  constructor(io: GuardedIo) {
    this.io = io;
    this.#output = new Output(io, "text", PRINTING);
  }

  /**
   * Called after the command line was parsed, before the command runs.
   * @throws CommandFailure (exit 2) when two output formats are requested.
   */
  async begin(globals: GlobalOptions, about: About): Promise<void> {
    const context = globals.context ?? null;
    this.#globals = globals;
    this.#invocation = { ...this.#invocation, ...about, context, here: { context } };
    const { output: asked, json, quiet } = globals;
    const other = json ? "--json" : quiet ? "--quiet" : null;
    if (asked !== undefined && other !== null && !(json && asked === "json"))
      throw usage(`-o ${asked} cannot be used with ${other}`);
    const format: Format = json ? "json" : (asked ?? "table");
    const mode: Mode = quiet ? "quiet" : format === "table" || format === "wide" ? "text" : "json";
    const form = await bodyForm(format);
    this.#output = new Output(this.io, mode, { wide: format === "wide", form, here: { context } });
  }

  get output(): Output {
    return this.#output;
  }

  /** The command being run, for its failure message. */
  get invocation(): Invocation {
    return this.#invocation;
  }

  /** The exit code of a command that ran to its end. */
  get exit(): ExitCode {
    return this.#exit;
  }

  /**
   * Sets an exit code other than 0 for a command that succeeded: a check that is denied has an answer, and the answer
   * is no.
   */
  end(exit: ExitCode): void {
    this.#exit = exit;
  }

  /** The value of `--context`. */
  get wantedContext(): string | undefined {
    return this.#globals.context;
  }

  /** The workspace of a command that names none; null when the service decides. */
  async defaultWorkspace({ context }: GlobalOptions = this.#globals): Promise<string | null> {
    const { env } = this.io;
    return defaultWorkspace(env, await readContexts(env), context);
  }

  /** @throws CommandFailure (exit 4) when there is no token for the service's URL. */
  async connection(): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection;
    this.#connection = await this.#operator(this.#globals.context);
    this.#invocation = { ...this.#invocation, context: this.#connection.context };
    return this.#connection;
  }

  /**
   * As `controlPlane`, with short time limits, for completing a word.
   * @param context the context in the typed words.
   */
  async quickControlPlane(context: string | undefined): Promise<ControlPlane> {
    const { url, token } = await this.#operator(context);
    const { ControlPlane } = await import("../client/control-plane.ts");
    return new ControlPlane({ ...this.#ports(), url, token, retries: 0, timeoutMs: 1_000 });
  }

  /** Whether a token of an operator is there, to ask the control plane with. */
  async hasOperator(): Promise<boolean> {
    const { env } = this.io;
    return operatorConnection(env, await readContexts(env), this.#globals.context).ok;
  }

  /** The control plane, with the operator token of the context. */
  async controlPlane(): Promise<ControlPlane> {
    const { url, token } = await this.connection();
    return this.controlPlaneAt(url, token);
  }

  async controlPlaneAt(url: string, token: string): Promise<ControlPlane> {
    this.#invocation = { ...this.#invocation, url };
    const { ControlPlane } = await import("../client/control-plane.ts");
    return new ControlPlane({ ...this.#ports(), url, token });
  }

  /** The agent's side of the API, with DOME_AGENT_KEY or the key in a file (`-` for stdin). */
  async agentDoor(keyFile: string | undefined): Promise<AgentClient> {
    return this.doorOf(await readAgentCredential(this.io, keyFile));
  }

  /** As `agentDoor`, with a credential that was already read. */
  async doorOf(credential: string): Promise<AgentClient> {
    const url = await this.agentUrl();
    this.#invocation = { ...this.#invocation, url, asAgent: true };
    const { AgentClient } = await import("../client/agent-client.ts");
    return new AgentClient({ ...this.#ports(), url, token: credential });
  }

  async agentUrl(): Promise<string> {
    const found = agentUrl(this.io.env, await readContexts(this.io.env), this.#globals.context);
    if (!found.ok) throw noConnection(found.error);
    return found.value;
  }

  async publishedKeys(url: string): Promise<PublishedKeys> {
    const { publishedKeys } = await import("../client/published-keys.ts");
    return publishedKeys({
      ...this.#ports(),
      url,
      retries: 0,
      timeoutMs: 3_000,
    });
  }

  async #operator(context: string | undefined): Promise<Connection> {
    const found = operatorConnection(this.io.env, await readContexts(this.io.env), context);
    if (!found.ok) throw noConnection(found.error);
    return found.value;
  }

  #ports() {
    const { fetch, clock, timers, random, version } = this.io;
    return { fetch, clock, timers, random, userAgent: `dome-cli/${version}` };
  }
}

function noConnection(reason: NoConnection): CommandFailure {
  switch (reason.kind) {
    case "url_without_token":
      return new CommandFailure(
        EXIT.notAuthenticated,
        "DOME_URL is set without DOME_TOKEN, and a saved token is only sent to its own URL",
        "set DOME_TOKEN too, or unset DOME_URL, or choose a saved context with --context NAME",
      );
    case "token_without_url":
      return new CommandFailure(
        EXIT.notAuthenticated,
        "DOME_TOKEN is set without DOME_URL, and the token is not sent to the URL of a context",
        "set DOME_URL too, or unset DOME_TOKEN, or choose a saved context with --context NAME",
      );
    case "no_context":
      return new CommandFailure(EXIT.notAuthenticated, "no service is chosen", "dome login --url URL");
    case "unknown_context":
      return new CommandFailure(
        EXIT.notAuthenticated,
        `there is no context "${reason.name}"`,
        "dome context list",
      );
    case "bad_url":
      return usage(`"${reason.url}" is not the URL of a service: it must be http(s)://host[:port][/path]`);
    default:
      return unreachable(reason);
  }
}
