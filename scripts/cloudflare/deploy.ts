/**
 * `cf:deploy` and `cf:migrate`. The schema goes first: migrations only add, so that the version that still runs works
 * on the newer schema, and the newer version never meets an older one.
 */
import { refuseToTakeOver } from "./domain.ts";
import { factsOf, readConfiguration, writeConfiguration, type Facts, type Names } from "./installation.ts";
import { readSecret } from "./secret-files.ts";
import { ADMIN_TOKEN, ROOT_KEY, secretNames } from "./secrets.ts";
import type { Session } from "./session.ts";
import { ensureDefaultWorkspace, smokeTest } from "./smoke-test.ts";
import { misuse, Stop } from "./stop.ts";

const SETUP = "npm run cf:setup -- --public-url URL";

export interface DeployOptions {
  /** An operator token for the first workspace, from DOME_TOKEN; null: none. */
  readonly token: string | null;
  readonly tokenFile: string | null;
  readonly onlySmokeTest: boolean;
  /** The public URL's host is known to be in use, and is to be this Worker's from now on. */
  readonly takeOverDomain: boolean;
}

export async function deploy(session: Session, names: Names, options: DeployOptions): Promise<void> {
  const facts = factsFor(session, names);
  const token = tokenFor(options);
  if (!options.onlySmokeTest) {
    await session.open(facts.account);
    await refuseWithoutSecrets(session, names);
    if (facts.customDomain && !options.takeOverDomain) await refuseToTakeOver(session, facts.publicUrl);
    await writeConfiguration(session, names, facts);
    await applyMigrations(session, names);
    const outcome = await session.change(["deploy", "--config", names.file]);
    const version = /Current Version ID: (\S+)/.exec(outcome?.stdout ?? "")?.[1];
    if (outcome !== null) session.print(`deployed${version === undefined ? "" : `: version ${version}`}`);
  }
  if (session.dryRun) {
    session.print(`would ask ${facts.publicUrl} for /healthz, /readyz and its issuer`);
    if (token !== null) session.print('would make the workspace "default" there, unless it exists');
    session.print("dry run: nothing was changed");
    return;
  }
  await smokeTest(session, facts.publicUrl);
  if (token !== null) await ensureDefaultWorkspace(session, facts.publicUrl, token);
  else session.print('workspace "default": not looked for; it takes --token-file FILE or DOME_TOKEN');
}

export async function migrate(session: Session, names: Names): Promise<void> {
  const facts = factsFor(session, names);
  await session.open(facts.account);
  await writeConfiguration(session, names, facts);
  await applyMigrations(session, names);
  if (session.dryRun) session.print("dry run: nothing was changed");
}

/** Those that the database has are left out; one that fails is rolled back and ends the run. */
async function applyMigrations(session: Session, names: Names): Promise<void> {
  const args = ["d1", "migrations", "apply", "DB", "--remote", "--config", names.file];
  const outcome = await session.change(args);
  if (outcome === null) return;
  const none = /No migrations to apply/.test(outcome.stdout);
  session.print(none ? "migrations: none to apply" : "migrations: applied");
}

function factsFor(session: Session, names: Names): Facts {
  const generated = readConfiguration(session.ports.root, names);
  if (generated === null)
    throw misuse(`${names.file} is not there: this account is not set up from here`, SETUP);
  return factsOf(generated);
}

function tokenFor({ token, tokenFile }: DeployOptions): string | null {
  if (tokenFile === null) return token;
  const text = readSecret(tokenFile);
  if (text === null) throw misuse(`${tokenFile} is not there`);
  if (!text.startsWith("dome_ot_")) throw misuse(`${tokenFile} holds no operator token (dome_ot_…)`);
  return text;
}

/** Without them the Worker would refuse every request. */
async function refuseWithoutSecrets(session: Session, names: Names): Promise<void> {
  const set = await secretNames(session, names.worker);
  const missing = set === null ? [] : [ROOT_KEY, ADMIN_TOKEN].filter((name) => !set.has(name));
  if (missing.length === 0) return;
  const line = `${names.worker} lacks ${missing.join(" and ")}`;
  if (session.dryRun) session.print(`note: ${line}; without them this stops here`);
  else throw new Stop(1, line, SETUP);
}
