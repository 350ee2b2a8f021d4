/**
 * `cf:deploy` and `cf:migrate`. The schema goes first: migrations only add, so that the version that still runs works
 * on the newer schema, and the newer version never meets an older one.
 */
import { refuseToTakeOver } from "./domain.ts";
import { factsOf, readConfiguration, writeConfigurations, type Facts, type Names } from "./installation.ts";
import { applyMigrations } from "./migrations.ts";
import { RELEASE, releaseOf, runningRelease } from "./objects-release.ts";
import { readSecret } from "./secret-files.ts";
import { secretNames, secretsOf } from "./secrets.ts";
import type { Session } from "./session.ts";
import { ensureDefaultWorkspace, smokeTest } from "./smoke-test.ts";
import { misuse, Stop } from "./stop.ts";

const SETUP = "npm run cf:setup -- --public-url URL";

interface DeployOptions {
  /** An operator token for the first workspace, from DOME_TOKEN; null: none. */
  readonly token: string | null;
  readonly tokenFile: string | null;
  readonly onlySmokeTest: boolean;
  /** The public URL's host is known to be in use, and is to be this Worker's from now on. */
  readonly takeOverDomain: boolean;
  /** Deploy the objects' Worker also when nothing in it has changed. */
  readonly objects: boolean;
}

export async function deploy(session: Session, names: Names, options: DeployOptions): Promise<void> {
  const token = tokenFor(options);
  const facts = await (options.onlySmokeTest
    ? (factsFor(session, names) ?? UNKNOWN)
    : deployBoth(session, names, options));
  if (session.dryRun) {
    session.print(`would ask ${facts.publicUrl} for /healthz, /readyz and its issuer`);
    if (token !== null) session.print('would make the workspace "default" there, unless it exists');
    session.print("dry run: nothing changed");
    return;
  }
  await smokeTest(session, facts.publicUrl);
  if (token !== null) await ensureDefaultWorkspace(session, facts.publicUrl, token);
  else session.print('workspace "default": not checked; that needs --token-file FILE or DOME_TOKEN');
}

/** The objects first: the door that follows calls what they offer, and they go on answering an older door. */
async function deployBoth(session: Session, names: Names, options: DeployOptions): Promise<Facts> {
  const facts = await open(session, names);
  await refuseWithoutSecrets(session, names);
  if (facts.customDomain && !options.takeOverDomain) await refuseToTakeOver(session, facts.publicUrl);
  const { objects } = await writeConfigurations(session, names, facts);
  await applyMigrations(session, names);
  const release = releaseOf(objects, await session.ports.objectsBundle());
  const running = await runningRelease(session, names.objectsWorker);
  if (running === release && !options.objects) {
    session.print(`${names.objectsWorker}: unchanged, its objects keep running`);
  } else {
    await ship(session, names.objectsWorker, names.objectsFile, ["--var", `${RELEASE}:${release}`]);
  }
  await ship(session, names.worker, names.file);
  return facts;
}

async function ship(
  session: Session,
  worker: string,
  file: string,
  flags: readonly string[] = [],
): Promise<void> {
  const outcome = await session.change(["deploy", "--config", file, ...flags]);
  const version = /Current Version ID: (\S+)/.exec(outcome?.stdout ?? "")?.[1];
  if (outcome !== null)
    session.print(`${worker} deployed${version === undefined ? "" : `: version ${version}`}`);
}

export async function migrate(session: Session, names: Names): Promise<void> {
  await writeConfigurations(session, names, await open(session, names));
  await applyMigrations(session, names);
  if (session.dryRun) session.print("dry run: nothing changed");
}

/**
 * A dry run without the generated configuration shows the commands for an installation that has one, so that they can be
 * read before anything is set up.
 */
function factsFor(session: Session, names: Names): Facts | null {
  const generated = readConfiguration(session.ports.root, names);
  if (generated !== null) return factsOf(generated);
  if (session.dryRun) return null;
  throw misuse(`${names.file} is missing: set up this account first`, SETUP);
}

/** What stands in a preview for what only setup can know. */
const UNKNOWN: Facts = {
  account: "(of the login)",
  databaseId: "(of the database)",
  publicUrl: "https://public-url.invalid",
  customDomain: true,
};

/** Opens the session; without facts as a preview. */
async function open(session: Session, names: Names): Promise<Facts> {
  const facts = factsFor(session, names);
  if (facts === null) {
    session.preview(
      `${names.file} is missing: the commands below are for an installation that cf:setup has created`,
    );
    return UNKNOWN;
  }
  await session.open(facts.account);
  return facts;
}

function tokenFor({ token, tokenFile }: DeployOptions): string | null {
  if (tokenFile === null) return token;
  const text = readSecret(tokenFile);
  if (text === null) throw misuse(`${tokenFile} does not exist`);
  if (!text.startsWith("dome_ot_")) throw misuse(`${tokenFile} has no operator token (dome_ot_…)`);
  return text;
}

/** Without them a Worker would refuse everything. */
async function refuseWithoutSecrets(session: Session, names: Names): Promise<void> {
  for (const [worker, wanted] of secretsOf(names)) {
    const set = await secretNames(session, worker);
    const missing = set === null ? [] : wanted.filter((name) => !set.has(name));
    if (missing.length === 0) continue;
    const line = `${worker} lacks ${missing.join(" and ")}`;
    if (!session.dryRun) throw new Stop(1, line, SETUP);
    session.print(`note: ${line}; cf:deploy stops here without it`);
  }
}
