/**
 * Checks the licence of every package in the lock file: all platforms, what ships and what only builds and tests.
 *
 *   node scripts/check-licences.ts [--lock FILE]
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";

/** Asks nothing of Dome's own licence (Apache-2.0) and of its users beyond keeping a notice. */
const PERMISSIVE = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "PSF-2.0",
  "Zlib",
]);

/** Terms that apply when the package is distributed; a package that only builds or tests is not distributed. */
const NOT_SHIPPED = new Set(["CC-BY-3.0", "MPL-2.0", "Python-2.0"]);

/** Packages that may have another licence, each for a reason. */
const EXCEPTIONS: readonly { readonly name: RegExp; readonly licence: string; readonly reason: string }[] = [
  {
    name: /^@img\/sharp-/,
    licence: "LGPL-3.0-or-later",
    reason:
      "libvips is a shared library that Miniflare's image binding loads; Dome never calls it and does not ship it",
  },
  {
    name: /^@modelcontextprotocol\/server-everything$/,
    licence: "SEE LICENSE IN LICENSE",
    reason: "its README names the MIT licence; it is a server that tests talk to, and Dome does not ship it",
  },
];

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({ license: z.string().optional(), dev: z.boolean().optional(), link: z.boolean().optional() }),
  ),
});

const { values } = parseArgs({ options: { lock: { type: "string", default: "package-lock.json" } } });
const { packages } = Lock.parse(JSON.parse(readFileSync(values.lock, "utf8")));
const installed = Object.entries(packages).filter(
  ([path, { link }]) => path.includes("node_modules/") && link !== true,
);

let refused = 0;
for (const [path, { license = "no licence", dev = false }] of installed) {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  if (allows(license, name, dev)) continue;
  refused += 1;
  console.error(`${name}: ${license} is not allowed for what ${dev ? "builds and tests" : "ships"}`);
}
console.log(`${installed.length} packages read, ${refused} licences refused`);
if (installed.length === 0 || refused > 0) process.exitCode = 1;

/** An SPDX expression passes when one of its alternatives has only allowed parts. What cannot be read is refused. */
function allows(expression: string, name: string, dev: boolean): boolean {
  const flat = expression.replace(/^\(([^()]*)\)$/, "$1");
  return flat.split(" OR ").some((alternative) =>
    alternative.split(" AND ").every((licence) => {
      if (PERMISSIVE.has(licence)) return true;
      if (dev && NOT_SHIPPED.has(licence)) return true;
      return EXCEPTIONS.some((exception) => exception.licence === licence && exception.name.test(name));
    }),
  );
}
