/**
 * One administration run: who is logged in, which account, and whether it is a dry run.
 *
 * A call to wrangler is a read or a change. A dry run makes no change; it prints each one it would make, exactly as it would run
 * and in order. Its reads are real, so that it tells about this account; where nobody is logged in it takes the account
 * for an empty one and prints the reads as well.
 */
import { z } from "zod";
import { defined } from "../../src/kernel/defined.ts";
import type { Random } from "../../src/kernel/random.ts";
import { misuse, Stop } from "./stop.ts";
import { LOGIN, wranglerFault } from "./wrangler-fault.ts";
import type { Outcome, Wrangler } from "./wrangler.ts";

export interface Ports {
  readonly wrangler: Wrangler;
  readonly random: Random;
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  readonly sleep: (ms: number) => Promise<void>;
  /** One line for the person at the terminal. */
  readonly print: (line: string) => void;
  /** wrangler.toml as data. */
  readonly wranglerToml: () => Promise<unknown>;
  /** The code of the objects' Worker as one module, the same for the same sources. */
  readonly objectsBundle: () => Promise<string>;
  /** Where wrangler.toml is and the generated configuration goes. */
  readonly root: string;
}

/** As `wrangler whoami --json` says it. */
const Login = z.looseObject({
  loggedIn: z.boolean(),
  accounts: z.array(z.looseObject({ id: z.string(), name: z.string() })).default([]),
});

const WHOAMI = ["whoami", "--json"];

export class Session {
  readonly ports: Ports;
  readonly dryRun: boolean;
  #account: string | null = null;
  /** A dry run that can ask nothing: nobody is logged in, or no installation is known. */
  #blind = false;
  #changes = 0;

  constructor(ports: Ports, dryRun: boolean) {
    this.ports = ports;
    this.dryRun = dryRun;
  }

  get account(): string | null {
    return this.#account;
  }

  /** How many changes were made, or in a dry run would have been. */
  get changes(): number {
    return this.#changes;
  }

  print(line: string): void {
    this.ports.print(line);
  }

  /**
   * Finds out who is logged in and settles the account.
   * @param wanted the account's id, where something names it.
   * @throws Stop when nobody is logged in (a dry run goes on), or when the account is not clear.
   */
  async open(wanted: string | null): Promise<void> {
    const outcome = await this.#run(WHOAMI);
    const login = Login.safeParse(jsonIn(outcome.stdout));
    if (!login.success && outcome.code !== 0 && !this.dryRun) throw wranglerFault(WHOAMI, outcome);
    if (!login.success || !login.data.loggedIn) {
      if (!this.dryRun) throw new Stop(1, "not logged in to Cloudflare", LOGIN);
      this.#blind = true;
      this.#account = wanted;
      this.print("not logged in to Cloudflare: the commands below are for an account without Dome");
      this.#tell(WHOAMI);
      return;
    }
    this.#account = chooseAccount(login.data.accounts, wanted);
    const name = login.data.accounts.find(({ id }) => id === this.#account)?.name;
    this.print(`account: ${this.#account}${name === undefined ? "" : ` (${name})`}`);
  }

  /** A dry run that shows what would be run, without an account to look at. */
  preview(why: string): void {
    this.#blind = true;
    this.print(why);
  }

  /** @returns what wrangler answered, whatever its exit code; null in a dry run that cannot ask. */
  async read(args: readonly string[]): Promise<Outcome | null> {
    if (!this.#blind) return this.#run(args);
    this.#tell(args);
    return null;
  }

  /** A read of what a change before it has made: a dry run only prints it. */
  async readBack(args: readonly string[]): Promise<Outcome | null> {
    if (!this.dryRun) return this.#run(args);
    this.#tell(args);
    return null;
  }

  /**
   * @param values secrets by name; they go in by stdin as one JSON object.
   * @throws Stop when wrangler fails.
   */
  async change(args: readonly string[], values?: Readonly<Record<string, string>>): Promise<Outcome | null> {
    const outcome = await this.attempt(args, values);
    if (outcome !== null && outcome.code !== 0)
      throw wranglerFault(args, outcome, Object.values(values ?? {}));
    return outcome;
  }

  /** A change whose failure is the caller's to judge. @returns what wrangler answered; null in a dry run. */
  async attempt(args: readonly string[], values?: Readonly<Record<string, string>>): Promise<Outcome | null> {
    this.#changes += 1;
    if (this.dryRun) {
      this.#tell(args, values === undefined ? "" : `   (stdin: ${Object.keys(values).join(", ")})`);
      return null;
    }
    return this.#run(args, values === undefined ? undefined : JSON.stringify(values));
  }

  /** A change on this machine. */
  changeHere(what: string, make: () => void): void {
    this.#changes += 1;
    if (this.dryRun) {
      this.print(`would ${what}`);
      return;
    }
    make();
  }

  #tell(args: readonly string[], remark = ""): void {
    this.print(`would run: wrangler ${args.map(quoted).join(" ")}${remark}`);
  }

  #run(args: readonly string[], stdin?: string): Promise<Outcome> {
    return this.ports.wrangler.run({
      args,
      account: this.#account,
      ...defined({ stdin }),
    });
  }
}

function chooseAccount(accounts: readonly { readonly id: string }[], wanted: string | null): string {
  const [only] = accounts;
  if (wanted !== null) {
    // A token without the permission to list its accounts shows none, and may work all the same.
    if (accounts.length > 0 && !accounts.some(({ id }) => id === wanted)) {
      throw misuse(
        `the login has no access to the account ${wanted}`,
        "npx wrangler whoami lists the accounts of the login",
      );
    }
    return wanted;
  }
  if (only === undefined) throw misuse("the login has no account", "add --account ID");
  if (accounts.length > 1) {
    throw misuse("the login has several accounts", "add --account ID; npx wrangler whoami lists them");
  }
  return only.id;
}

/** The JSON in an output that may have a line of wrangler's own before it; undefined where there is none. */
export function jsonIn(stdout: string): unknown {
  const start = stdout.search(/^\s*[[{]/m);
  if (start === -1) return undefined;
  try {
    return JSON.parse(stdout.slice(start)) as unknown;
  } catch {
    return undefined;
  }
}

/** As a shell would want it. */
const quoted = (word: string): string =>
  /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
