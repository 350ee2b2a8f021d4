/**
 * Takes a version out of `DOME_ROOT_KEY` and leaves its form key, so that keys it made are still known by their form.
 * Needs no service and no network: the secret comes in on stdin and the new one goes out on stdout.
 *
 *     node scripts/retire-root-key.ts VERSION < root.key > root.key.new
 *     node scripts/retire-root-key.ts --dry-run VERSION < root.key
 *
 * Only when `dome root-key status` says that the version may leave. `--dry-run` shows versions, and no key.
 */
import { text } from "node:stream/consumers";
import { parseRetiredForms, parseRootKeys, retireRootKey } from "../src/secrets/root-key.ts";

const words = process.argv.slice(2);
const dryRun = words.includes("--dry-run");
const [version, ...more] = words.filter((word) => word !== "--dry-run");

function stop(message: string): never {
  process.stderr.write(`retire-root-key: ${message}\n`);
  process.exit(2);
}

if (version === undefined || more.length > 0)
  stop("give one version; dome root-key status lists the versions");
const before = (await text(process.stdin)).trim();
const parsed = parseRootKeys(before);
if (!parsed.ok) stop(`stdin has no root key: ${parsed.error.kind}`);
const after = await retireRootKey(before, version);
if (after === undefined) stop(`${version} is not an older version of this root key`);

const left = parseRootKeys(after);
if (!left.ok) stop(`the resulting root key is not valid: ${left.error.kind}`);
const versions = left.value.map((each) => each.version).join(", ");
process.stderr.write(
  `versions: ${versions}; form keys of versions that have left: ${parseRetiredForms(after).length}\n`,
);
if (!dryRun) process.stdout.write(`${after}\n`);
