/**
 * What one installation in an account is called, and its two generated configurations: wrangler.toml as the two Workers
 * of production, with this account's ids and its public URL. Pure, except for reading and writing those files.
 *
 * The generated files hold no secret. They are made anew from wrangler.toml by each `cf:setup` and `cf:deploy`, so that a
 * newer version of Dome brings its bindings along.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { defined } from "../../src/kernel/defined.ts";
import type { Session } from "./session.ts";
import { misuse, Stop } from "./stop.ts";
import { twoWorkers, type Configuration, type TwoWorkers } from "./two-workers.ts";

export const DEFAULT_NAME = "dome";
/** One line of the log for so many requests: a line for each would cost more than the requests. Faults leave one always. */
const DOME_LOG = "1/100";
const OBJECTS = "-objects";

/** Everything in the account is called after the door's Worker, so that several installations can share one. */
export interface Names {
  /** The door's Worker. */
  readonly worker: string;
  readonly objectsWorker: string;
  readonly database: string;
  /** In the order of their creation: a queue's dead letters need a place first. */
  readonly queues: readonly string[];
  readonly bucket: string;
  /** The generated configurations, beside wrangler.toml because their paths are relative to it. */
  readonly file: string;
  readonly objectsFile: string;
}

/** @throws Stop when it is no name for a Worker and for all that is called after it. */
export function namesFor(worker: string): Names {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(worker)) {
    throw misuse(`"${worker}" is not a valid --name: use at most 40 of a-z, 0-9 and -`);
  }
  if (worker.endsWith(OBJECTS))
    throw misuse(`"${worker}" is not a valid --name: the ending ${OBJECTS} is for the objects' Worker`);
  const suffix = worker === DEFAULT_NAME ? "" : `.${worker}`;
  return {
    worker,
    objectsWorker: `${worker}${OBJECTS}`,
    database: worker,
    queues: [`${worker}-audit-dlq`, `${worker}-audit`],
    bucket: `${worker}-evidence`,
    file: `wrangler.generated${suffix}.json`,
    objectsFile: `wrangler.generated-objects${suffix}.json`,
  };
}

/** What setup found out or was told. */
export interface Facts {
  readonly account: string;
  readonly databaseId: string;
  readonly publicUrl: string;
  /** The public URL's host becomes a custom domain of the door's Worker. */
  readonly customDomain: boolean;
}

/**
 * A namespace of rate limits is of the whole account, so each installation has its own: two of one number would count
 * together. The first installation has the numbers of wrangler.toml.
 */
function namespaceOf(id: string, name: string, worker: string): string {
  if (worker === name) return id;
  const digest = createHash("sha256").update(`${worker} ${id}`).digest();
  return String(1_000_000 + (digest.readUInt32BE() >>> 2));
}

const Queue = z.looseObject({ queue: z.string(), dead_letter_queue: z.string().optional() });

/** The members of wrangler.toml that are filled in here; the rest is taken over as it is. */
const Base = z.looseObject({
  name: z.string(),
  vars: z.record(z.string(), z.unknown()),
  d1_databases: z.tuple([z.looseObject({ binding: z.literal("DB"), database_name: z.string() })]),
  queues: z.looseObject({ producers: z.array(Queue), consumers: z.array(Queue) }),
  ratelimits: z.array(z.looseObject({ namespace_id: z.string() })),
});

const Generated = z.looseObject({
  name: z.string(),
  account_id: z.string(),
  routes: z.array(z.looseObject({ pattern: z.string() })).default([]),
  vars: z.looseObject({ DOME_PUBLIC_URL: z.string() }),
  d1_databases: z.tuple([z.looseObject({ database_id: z.string() })]),
});
type Generated = z.output<typeof Generated>;

/**
 * @param toml wrangler.toml as data.
 * @param earlier the door's configuration that is replaced: variables that wrangler.toml does not name stay as they are.
 */
export function configurationsFor(
  toml: unknown,
  names: Names,
  facts: Facts,
  earlier: Generated | null = null,
): TwoWorkers {
  const base = Base.parse(toml);
  const { host } = new URL(facts.publicUrl);
  const rename = (queue: string): string => queue.replace(new RegExp(`^${base.name}-`), `${names.worker}-`);
  const renamed = (entry: z.output<typeof Queue>): object => ({
    ...entry,
    queue: rename(entry.queue),
    ...defined({ dead_letter_queue: entry.dead_letter_queue && rename(entry.dead_letter_queue) }),
  });
  const [database] = base.d1_databases;
  const { door, objects } = twoWorkers(
    {
      ...base,
      name: names.worker,
      account_id: facts.account,
      workers_dev: false,
      preview_urls: false,
      vars: { DOME_LOG, ...earlier?.vars, ...base.vars, DOME_PUBLIC_URL: facts.publicUrl },
      d1_databases: [{ ...database, database_name: names.database, database_id: facts.databaseId }],
      queues: {
        ...base.queues,
        producers: base.queues.producers.map(renamed),
        consumers: base.queues.consumers.map(renamed),
      },
      ratelimits: base.ratelimits.map((limit) => ({
        ...limit,
        namespace_id: namespaceOf(limit.namespace_id, base.name, names.worker),
      })),
    },
    names.objectsWorker,
  );
  // One door: the public URL. Previews would be further ones, with the same objects behind them.
  const routes = facts.customDomain ? { routes: [{ pattern: host, custom_domain: true }] } : {};
  return { door: { ...door, workers_dev: isWorkersDev(host), ...routes }, objects };
}

export const isWorkersDev = (host: string): boolean => host.endsWith(".workers.dev");

/** @returns null when there is none. @throws Stop when the file is not what setup writes. */
export function readConfiguration(root: string, { file, worker }: Names): Generated | null {
  const path = join(root, file);
  if (!existsSync(path)) return null;
  const parsed = Generated.safeParse(parseJson(readFileSync(path, "utf8")));
  if (!parsed.success || parsed.data.name !== worker) {
    throw new Stop(
      1,
      `${file} is damaged, or belongs to another Worker`,
      "remove it and run npm run cf:setup again",
    );
  }
  return parsed.data;
}

/** The facts that an earlier setup has written down. */
export const factsOf = (generated: Generated): Facts => ({
  account: generated.account_id,
  databaseId: generated.d1_databases[0].database_id,
  publicUrl: generated.vars.DOME_PUBLIC_URL,
  customDomain: generated.routes.length > 0,
});

/** Writes both configurations, unless the files are that already. */
export async function writeConfigurations(session: Session, names: Names, facts: Facts): Promise<TwoWorkers> {
  const { root, wranglerToml } = session.ports;
  const two = configurationsFor(await wranglerToml(), names, facts, readConfiguration(root, names));
  write(session, names.objectsFile, two.objects);
  write(session, names.file, two.door);
  return two;
}

function write(session: Session, file: string, configuration: Configuration): void {
  const path = join(session.ports.root, file);
  const text = `${JSON.stringify(configuration, null, 2)}\n`;
  if (existsSync(path) && readFileSync(path, "utf8") === text) {
    session.print(`${file}: up to date`);
    return;
  }
  session.changeHere(`write ${file}`, () => {
    const draft = `${path}.${process.pid}.draft`;
    writeFileSync(draft, text);
    renameSync(draft, path);
    session.print(`${file}: written`);
  });
}

/**
 * The issuer as src/env.ts wants it, and https.
 * @throws Stop when it is not one, or not one that this Worker can be reached at.
 */
export function publicUrlOf(text: string, { worker }: Names): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const bare =
    url !== null && url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
  if (url === null || !bare || url.protocol !== "https:" || url.port !== "") {
    throw misuse(`"${text}" is not a public URL: it must be https://host, without port or path`);
  }
  if (isWorkersDev(url.host) && !new RegExp(`^${worker}\\.[a-z0-9-]+\\.workers\\.dev$`).test(url.host)) {
    throw misuse(
      `on workers.dev the URL of this Worker is https://${worker}.SUBDOMAIN.workers.dev, not ${url.origin}`,
    );
  }
  return url.origin;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
