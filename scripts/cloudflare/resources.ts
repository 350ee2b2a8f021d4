/**
 * The database, the queues and the bucket: looked for first, made where they are not there. Nothing that exists is
 * changed or removed.
 */
import { z } from "zod";
import { jsonIn, type Session } from "./session.ts";
import { Stop } from "./stop.ts";
import { wranglerFault } from "./wrangler-fault.ts";
import type { Outcome } from "./wrangler.ts";

/** As long as Cloudflare keeps a message, in seconds: 14 days. Evidence waits out a broken consumer. */
const RETENTION_S = 1_209_600;

const Databases = z.array(z.looseObject({ uuid: z.string(), name: z.string() }));
const Query = z.tuple([z.looseObject({ results: z.array(z.looseObject({ name: z.string() })) })]);

export interface Database {
  readonly id: string;
  /** It was there before this run. */
  readonly found: boolean;
}

/** @param location a hint where its primary copy should be; null: near the machine that runs this. */
export async function ensureDatabase(
  session: Session,
  name: string,
  location: string | null,
): Promise<Database> {
  const before = await databaseId(name, (args) => session.read(args));
  if (before !== null) {
    session.print(`database ${name}: exists (${before})`);
    return { id: before, found: true };
  }
  await session.change(["d1", "create", name, ...(location === null ? [] : ["--location", location])]);
  // Creating it answers in words; the list has the id as data.
  const id = await databaseId(name, (args) => session.readBack(args));
  if (session.dryRun) return { id: "(of the new database)", found: false };
  if (id === null)
    throw new Stop(1, `the database ${name} is created but not listed yet`, "run the command again");
  session.print(`database ${name}: created (${id})`);
  return { id, found: false };
}

async function databaseId(
  name: string,
  ask: (args: readonly string[]) => Promise<Outcome | null>,
): Promise<string | null> {
  const args = ["d1", "list", "--json"];
  const outcome = await ask(args);
  if (outcome === null) return null;
  const listed = Databases.safeParse(jsonIn(outcome.stdout));
  if (outcome.code !== 0 || !listed.success) throw wranglerFault(args, outcome);
  return listed.data.find((database) => database.name === name)?.uuid ?? null;
}

/** True when a schema has been put into the database: then there may be things sealed under an earlier root key. */
export async function isInUse(session: Session, name: string): Promise<boolean> {
  const query = "SELECT name FROM sqlite_master WHERE name = 'd1_migrations'";
  const args = ["d1", "execute", name, "--remote", "--json", "--command", query];
  const outcome = await session.read(args);
  if (outcome === null) return false;
  const answer = Query.safeParse(jsonIn(outcome.stdout));
  if (outcome.code !== 0 || !answer.success) throw wranglerFault(args, outcome);
  return answer.data[0].results.length > 0;
}

export async function ensureQueue(session: Session, name: string): Promise<void> {
  // The list of queues is a table for people, a page at a time; the question for one has a clear answer. The name is
  // looked for in it, because dome-audit is also the beginning of dome-audit-dlq.
  const answer = await answerAbout(session, ["queues", "info", name], /does not exist/);
  if (answer?.split("\n").some((line) => line.trim() === `Queue Name: ${name}`) === true) {
    session.print(`queue ${name}: exists`);
    return;
  }
  await session.change(["queues", "create", name, "--message-retention-period-secs", String(RETENTION_S)]);
  if (!session.dryRun) session.print(`queue ${name}: created`);
}

/** Asked for by a flag alone: nothing writes to it yet, and R2 wants a subscription of its own. */
export async function ensureBucket(session: Session, name: string): Promise<void> {
  const args = ["r2", "bucket", "info", name, "--json"];
  if ((await answerAbout(session, args, /does not exist|\[code: 10006\]/)) !== null) {
    session.print(`bucket ${name}: exists`);
    return;
  }
  await session.change(["r2", "bucket", "create", name]);
  if (!session.dryRun) session.print(`bucket ${name}: created`);
}

/**
 * @param missing what wrangler says of something that is not there; any other failure is one.
 * @returns its stdout; null when the thing is not there, or nothing can be asked.
 */
async function answerAbout(
  session: Session,
  args: readonly string[],
  missing: RegExp,
): Promise<string | null> {
  const outcome = await session.read(args);
  if (outcome === null) return null;
  if (outcome.code === 0) return outcome.stdout;
  if (missing.test(outcome.stderr) || missing.test(outcome.stdout)) return null;
  throw wranglerFault(args, outcome);
}
