/** The walls around the package for agents: it is installed alone, and runs where nothing of this repository is. */
import type { IForbiddenRuleType } from "dependency-cruiser";

const installed = (...names: readonly string[]): string => `(?:^|/)node_modules/(?:${names.join("|")})/`;

export const sdkWalls: readonly IForbiddenRuleType[] = [
  {
    name: "sdk-stands-alone",
    comment: "The package for agents is installed where nothing else of this repository is.",
    severity: "error",
    from: { path: "^sdk/typescript/src/" },
    to: { path: "^(?:src|test|scripts|dist|docs)/" },
  },
  {
    name: "clients-share-the-transport",
    comment:
      "The clients of the control plane speak to the service as the SDK does: its transport and its errors. Nothing else of the service knows the SDK.",
    severity: "error",
    from: { path: "^src/", pathNot: "^src/(?:client|cli)/" },
    to: { path: "^sdk/" },
  },
  {
    name: "sdk-has-no-dependency",
    comment:
      "It runs in Node, Workers, Deno, Bun and browsers with what all of them have. An adapter may import the types of the library it is for.",
    severity: "error",
    from: { path: "^sdk/typescript/src/" },
    to: { path: ["(?:^|/)node_modules/"], pathNot: installed("ai", "hono") },
  },
  {
    name: "sdk-knows-no-platform",
    comment: "A module of Node.js is not there in a browser; what a program has is looked for at run time.",
    severity: "error",
    from: { path: "^sdk/typescript/src/" },
    to: { dependencyTypes: ["core"] },
  },
  {
    name: "sdk-adapters-stand-aside",
    comment: "A program that does not use a library must not load the adapter for it.",
    severity: "error",
    from: { path: "^sdk/typescript/src/", pathNot: "^sdk/typescript/src/adapters/" },
    to: { path: ["^sdk/typescript/src/adapters/", installed("ai", "hono", "express")] },
  },
];
