/**
 * `cf:setup`: makes what one installation needs in an account, and the configuration that knows it. Everything is
 * looked for before it is made, so that a second run changes nothing and a run after a failure goes on where that one
 * ended.
 */
import {
  factsOf,
  isWorkersDev,
  publicUrlOf,
  readConfiguration,
  writeConfigurations,
  type Names,
} from "./installation.ts";
import { ensureBucket, ensureDatabase, ensureQueue } from "./resources.ts";
import { defaultRootKeyFile } from "./secret-files.ts";
import { ensureSecrets } from "./secrets.ts";
import type { Session } from "./session.ts";
import { misuse } from "./stop.ts";

interface SetupOptions {
  /** null: as an earlier setup has it. */
  readonly publicUrl: string | null;
  readonly account: string | null;
  readonly location: string | null;
  readonly rootKeyFile: string | null;
  readonly tokenFile: string | null;
  /** False: the public URL reaches the Worker by a route or proxy that is not made here. */
  readonly domain: boolean;
  readonly evidenceBucket: boolean;
}

export async function setup(session: Session, names: Names, options: SetupOptions): Promise<void> {
  const { root } = session.ports;
  const generated = readConfiguration(root, names);
  const earlier = generated === null ? null : factsOf(generated);
  const publicUrl = publicUrlFor(names, options.publicUrl, earlier?.publicUrl ?? null);
  if (options.account !== null && earlier !== null && options.account !== earlier.account) {
    throw misuse(
      `${names.file} belongs to the account ${earlier.account}`,
      "another --name, or remove that file",
    );
  }

  await session.open(options.account ?? earlier?.account ?? null);
  const database = await ensureDatabase(session, names.database, options.location);
  for (const queue of names.queues) await ensureQueue(session, queue);
  if (options.evidenceBucket) await ensureBucket(session, names.bucket);
  const token = await ensureSecrets(session, {
    names,
    database: { name: names.database, found: database.found },
    rootKeyFile: options.rootKeyFile ?? defaultRootKeyFile(root, session.account, names.worker),
    tokenFile: options.tokenFile,
  });
  try {
    await writeConfigurations(session, names, {
      account: session.account ?? "(of the login)",
      databaseId: database.id,
      publicUrl,
      customDomain: options.domain && !isWorkersDev(new URL(publicUrl).host),
    });
  } finally {
    // Set in the account by now: whatever else happens, this is the one time it can be shown.
    if (token !== null) showToken(session, token, options.tokenFile);
  }
  conclude(session, publicUrl);
}

/** The public URL is the issuer of every token and receipt, so an installation keeps its first one. */
function publicUrlFor(names: Names, wanted: string | null, earlier: string | null): string {
  if (wanted === null && earlier === null) {
    throw misuse("the public URL is missing", "npm run cf:setup -- --public-url https://dome.example.com");
  }
  const url = publicUrlOf(wanted ?? earlier ?? "", names);
  if (earlier !== null && url !== earlier) {
    throw misuse(
      `the public URL of this installation is ${earlier}. It is the issuer of its tokens and cannot change to ${url}`,
      "another --name for another installation",
    );
  }
  return url;
}

export function showToken(session: Session, token: string, tokenFile: string | null): void {
  if (tokenFile !== null) {
    session.print(`admin token: in ${tokenFile}`);
    return;
  }
  session.print("");
  session.print("The admin token, shown only once. It works without the database, for an emergency stop:");
  session.print(token);
  session.print("");
}

function conclude(session: Session, publicUrl: string): void {
  if (session.dryRun) {
    session.print(session.changes === 0 ? "nothing to change" : "dry run: nothing changed");
  } else if (session.changes === 0) session.print("everything exists; nothing changed");
  session.print(`next: npm run cf:deploy   (then dome login --url ${publicUrl})`);
}
