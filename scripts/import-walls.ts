/**
 * The import walls: which part of the sources may know which. Imports go down only, type imports count too, and every
 * rule says why it stands. `npm run check:walls` enforces them with dependency-cruiser.
 *
 *   contract kernel ← storage egress secrets signing ← rooms ← access ← operations oauth gateway broker ← objects api ← env wire worker
 *   sdk/typescript stands alone
 *   aside: client → contract · cli → client contract kernel signing mcp, the engine of policies and pure files · embedded → kernel and the form of keys
 */
import type { IConfiguration, IForbiddenRuleType } from "dependency-cruiser";
import { sdkWalls } from "./sdk-walls.ts";

/** The floors of the Worker, lowest first. Folders of one floor do not import each other. */
const GROUND = ["contract", "kernel"];
const STORES = ["storage", "egress", "secrets", "signing"];
const ROOMS = [
  "registry",
  "credentials",
  "operators",
  "tiers",
  "lifecycle",
  "tokens",
  "identity",
  "delegation",
  "policy",
  "audit",
  "notify",
  "mcp",
];
const ACCESS = ["access"];
const ACTS = ["operations", "oauth", "gateway", "broker"];
const DOORS = ["objects", "api"];
const TOP = [
  "env.ts",
  "wire.ts",
  "isolate.ts",
  "cedar-module.ts",
  "door-worker.ts",
  "objects-worker.ts",
  "worker.ts",
  "node-builtins.d.ts",
];
const ASIDE = ["client", "cli", "embedded"];

/** Everything that may stand directly under src/. A new name is a decision, not an accident. */
export const KNOWN_PLACES: readonly string[] = [
  GROUND,
  STORES,
  ROOMS,
  ACCESS,
  ACTS,
  DOORS,
  TOP,
  ASIDE,
].flat();

const within = (...names: readonly string[]): string => `^src/(?:${names.join("|")})/`;
const each = (...names: readonly string[]): string => `^src/(${names.join("|")})/`;
const SAME = "^src/$1/";
const packages = (...names: readonly string[]): string => `(?:^|/)node_modules/(?:${names.join("|")})/`;

/** Folders whose modules may import, of the sources, only themselves and `allowed`. */
function onlyBelow(
  name: string,
  folders: readonly string[],
  allowed: readonly string[],
  comment: string,
): IForbiddenRuleType {
  const pathNot = [SAME, ...(allowed.length === 0 ? [] : [within(...allowed)])];
  return {
    name,
    comment,
    severity: "error",
    from: { path: each(...folders) },
    to: { path: "^src/", pathNot },
  };
}

const floors: IForbiddenRuleType[] = [
  onlyBelow(
    "kernel-stands-alone",
    ["kernel"],
    [],
    "The kernel has no domain words, so it needs no other room.",
  ),
  onlyBelow(
    "contract-stands-on-kernel",
    ["contract", "mcp"],
    ["kernel"],
    "The words on the wire, and the protocol of tools, depend on no room behind them.",
  ),
  onlyBelow(
    "stores-know-no-room",
    STORES,
    GROUND,
    "Storage, egress, secrets and signing serve every room and know none.",
  ),
  {
    name: "no-room-to-room",
    comment:
      "Rooms exchange values, not calls: they meet in access and in operations, where one can see them meet.",
    severity: "error",
    from: { path: each(...ROOMS) },
    to: { path: within(...ROOMS), pathNot: SAME },
  },
  onlyBelow(
    "rooms-look-down",
    ROOMS,
    [...GROUND, ...STORES, ...ROOMS],
    "A room must be readable and testable alone.",
  ),
  onlyBelow(
    "access-looks-down",
    ACCESS,
    [...GROUND, ...STORES, ...ROOMS],
    "A decision must not depend on the door through which the call came.",
  ),
  onlyBelow(
    "acts-look-down",
    ACTS,
    [...GROUND, ...STORES, ...ROOMS, ...ACCESS],
    "Use cases of the control plane, the token service, the gateway and the broker know neither HTTP nor the objects that run them, nor each other.",
  ),
  onlyBelow(
    "doors-look-down",
    DOORS,
    [...GROUND, ...STORES, ...ROOMS, ...ACCESS, ...ACTS],
    "API and objects are shells side by side: what one needs of the other is a port that wire.ts fills.",
  ),
  {
    name: "only-the-top-knows-the-top",
    comment:
      "Rooms get bindings and composition as arguments; a module that imports them cannot be tested without them.",
    severity: "error",
    from: { path: "^src/", pathNot: "^src/(?:env|isolate|wire|(?:door-|objects-)?worker)\\.ts$" },
    to: { path: "^src/(?:env|isolate|wire|(?:door-|objects-)?worker)\\.ts$" },
  },
  {
    name: "env-below-wire-below-worker",
    comment: "env checks the bindings, wire fills the ports, worker only exports.",
    severity: "error",
    from: { path: "^src/(?:env|wire)\\.ts$" },
    to: { path: "^src/(?:wire|(?:door-|objects-)?worker)\\.ts$" },
  },
];

const aside: IForbiddenRuleType[] = [
  {
    name: "worker-knows-no-program",
    comment: "The client, the command line and the embedded server stand beside the Worker, never under it.",
    severity: "error",
    from: { path: "^src/", pathNot: within(...ASIDE) },
    to: { path: within(...ASIDE) },
  },
  onlyBelow(
    "client-speaks-the-contract",
    ["client"],
    ["contract"],
    "What the client can do is what the API promises.",
  ),
  {
    name: "cli-stands-on-client",
    comment:
      "The command line goes through the API. To verify proofs itself it may use signing and the pure audit and delegation files; to call an MCP tool, the protocol; to try policies without a service, what decides on them.",
    severity: "error",
    from: { path: within("cli") },
    to: {
      path: "^src/",
      pathNot: [
        within("cli", "client", "contract", "kernel", "signing", "delegation", "policy", "mcp"),
        "^src/audit/(?!sink\\.ts$|consumer\\.ts$)",
        "^src/registry/argument-schema\\.ts$",
      ],
    },
  },
  {
    name: "cli-reaches-only-pure-code",
    comment: "A file that reaches storage or the Worker is not pure, however far away it does so.",
    severity: "error",
    from: { path: within("cli", "client") },
    to: {
      path: [
        "^src/storage/",
        "^src/(?:env|wire|(?:door-|objects-)?worker)\\.ts$",
        "^cloudflare:",
        packages("drizzle-orm", "hono"),
      ],
      reachable: true,
    },
  },
  {
    name: "embedded-runs-the-built-worker",
    comment:
      "The single-machine server runs the same bundle as production and knows nothing of what is inside. It makes the first root key, admin token and test users, so it may know their form.",
    severity: "error",
    from: { path: within("embedded") },
    to: {
      path: "^src/",
      pathNot: [
        within("embedded", "kernel"),
        "^src/credentials/key-format\\.ts$",
        "^src/secrets/root-key\\.ts$",
        "^src/contract/test-users\\.ts$",
      ],
    },
  },
];

const platforms: IForbiddenRuleType[] = [
  {
    name: "hono-only-in-api",
    comment: "Domain code that takes a web framework's context can be called by nothing else.",
    severity: "error",
    from: { path: "^src/", pathNot: within("api") },
    to: { path: packages("hono", "@hono") },
  },
  {
    name: "cloudflare-only-at-the-edges",
    comment:
      "Cloudflare's modules stay where the platform is talked to, so that everything else runs anywhere.",
    severity: "error",
    from: {
      path: "^src/",
      pathNot: [
        "^src/(?:env|wire|(?:door-|objects-)?worker)\\.ts$",
        "^src/storage/client\\.ts$",
        within("objects"),
        "^src/audit/(?:sink|consumer)\\.ts$",
      ],
    },
    to: { path: "^cloudflare:" },
  },
  {
    name: "node-only-on-node",
    comment:
      "The Worker may use the Node modules that src/node-builtins.d.ts declares, where they are named here.",
    severity: "error",
    from: { path: "^src/", pathNot: within("cli", "embedded") },
    to: { dependencyTypes: ["core"], pathNot: ["^(?:node:)?crypto$", "^(?:node:)?zlib$"] },
  },
  {
    name: "node-crypto-only-in-digest",
    comment: "One synchronous hash for code that may not await; everything else is WebCrypto.",
    severity: "error",
    from: { path: "^src/", pathNot: [within("cli", "embedded"), "^src/kernel/digest\\.ts$"] },
    to: { dependencyTypes: ["core"], path: "^(?:node:)?crypto$" },
  },
  {
    name: "node-zlib-only-in-key-format",
    comment: "It is there for the checksum in a key.",
    severity: "error",
    from: { path: "^src/", pathNot: [within("cli", "embedded"), "^src/credentials/key-format\\.ts$"] },
    to: { dependencyTypes: ["core"], path: "^(?:node:)?zlib$" },
  },
  {
    name: "miniflare-only-in-embedded",
    comment: "It is the machine under the embedded server and no part of the Worker.",
    severity: "error",
    from: { path: "^src/", pathNot: within("embedded") },
    to: { path: packages("miniflare", "workerd") },
  },
  {
    name: "cedar-only-in-policy",
    comment:
      "One instance of the engine decides for an isolate, and it is broken for good by what it cannot bear: whatever reaches it goes through the room that bounds it.",
    severity: "error",
    from: { path: "^src/", pathNot: [within("policy"), "^src/cedar-module\\.ts$"] },
    to: { path: packages("@cedar-policy") },
  },
  {
    name: "cedar-module-only-at-the-door",
    comment: "The objects decide nothing by policy: their Worker must not carry the engine.",
    severity: "error",
    from: { path: "^src/", pathNot: "^src/door-worker\\.ts$" },
    to: { path: "^src/cedar-module\\.ts$" },
  },
  {
    name: "terminal-only-in-programs",
    comment: "Option parsing and tables belong to programs that people start.",
    severity: "error",
    from: { path: "^src/", pathNot: within("cli", "embedded") },
    to: { path: packages("commander", "cli-table3") },
  },
];

const hygiene: IForbiddenRuleType[] = [
  {
    name: "no-cycles",
    comment: "A cycle has no bottom to start reading from.",
    severity: "error",
    from: {},
    to: { circular: true },
  },
  {
    name: "sources-stand-alone",
    comment:
      "What ships does not depend on tests, scripts, other packages of this repository, or build output.",
    severity: "error",
    from: { path: "^src/" },
    to: { path: "^(?:test|scripts|dist|docs)/" },
  },
  {
    name: "no-development-dependency",
    comment: "What ships depends on what is installed with it.",
    severity: "error",
    from: { path: "^src/" },
    to: { dependencyTypes: ["npm-dev"], pathNot: packages("@types") },
  },
  {
    name: "no-undeclared-package",
    comment: "A package that package.json does not name is there by accident and has no pinned version.",
    severity: "error",
    from: { path: "^(?:src|scripts)/" },
    to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
  },
  {
    name: "no-unresolvable",
    comment: "A wall cannot stand before what cannot be found.",
    severity: "error",
    from: {},
    to: { couldNotResolve: true, pathNot: "^cloudflare:" },
  },
];

export const importWalls: IConfiguration = {
  forbidden: [...floors, ...aside, ...sdkWalls, ...platforms, ...hygiene],
  options: {
    // TypeScript 7 has no parser that dependency-cruiser can use: without swc it reads no module and finds no fault.
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"],
      extensions: [".ts", ".d.ts", ".js", ".mjs", ".json"],
    },
  },
};
