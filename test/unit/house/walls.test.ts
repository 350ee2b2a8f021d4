/** A wall that is not checked falls, and a check that cannot fail is worse: every rule here is broken once. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importWalls } from "../../../scripts/import-walls.ts";
import { RESERVED } from "../../../scripts/reserved-words.ts";
import { REPOSITORY, checkLint, checkWalls, plantTree, removeTree } from "./planted-tree.ts";
import type { Run } from "./planted-tree.ts";

const SOUND = {
  "src/kernel/time.ts": "export type Milliseconds = number;\n",
  "src/contract/words.ts":
    'import type { Milliseconds } from "../kernel/time.ts";\nexport type Word = Milliseconds;\n',
  "src/storage/tables/agents.ts":
    'import type { Word } from "../../contract/words.ts";\nexport type Row = Word;\n',
  "src/registry/agents.ts":
    'import type { Row } from "../storage/tables/agents.ts";\nexport type Agent = Row;\n',
  "src/tiers/limits.ts": 'import type { Word } from "../contract/words.ts";\nexport type Limit = Word;\n',
  "src/audit/sink.ts": 'import type { Word } from "../contract/words.ts";\nexport type Sink = Word;\n',
  "src/access/decide.ts":
    'import type { Agent } from "../registry/agents.ts";\nexport type Decision = Agent;\n',
  "src/operations/register.ts":
    'import type { Decision } from "../access/decide.ts";\nexport type Outcome = Decision;\n',
  "src/api/app.ts": 'import type { Outcome } from "../operations/register.ts";\nexport type App = Outcome;\n',
  "src/objects/agent-object.ts":
    'import { DurableObject } from "cloudflare:workers";\nexport class AgentObject extends DurableObject {}\n',
  "src/env.ts": "export type Env = string;\n",
  "src/wire.ts": 'import type { App } from "./api/app.ts";\nexport type Wire = App;\n',
  "src/worker.ts": 'import type { Wire } from "./wire.ts";\nexport type Worker = Wire;\n',
  "src/client/agents.ts": 'import type { Word } from "../contract/words.ts";\nexport type Client = Word;\n',
  "src/cli/main.ts": 'import type { Client } from "../client/agents.ts";\nexport type Main = Client;\n',
  "src/embedded/main.ts":
    'import type { Milliseconds } from "../kernel/time.ts";\nexport type Server = Milliseconds;\n',
  "sdk/typescript/src/client.ts": "export type DomeClient = string;\n",
};

/** Per rule: a file and the forbidden import in it, most of them of a type alone. */
const BROKEN: Readonly<Record<string, readonly [file: string, target: string]>> = {
  "kernel-stands-alone": ["src/kernel/p01.ts", "../contract/words.ts"],
  "contract-stands-on-kernel": ["src/contract/p02.ts", "../tiers/limits.ts"],
  "stores-know-no-room": ["src/storage/p03.ts", "../registry/agents.ts"],
  "no-room-to-room": ["src/tiers/p04.ts", "../registry/agents.ts"],
  "rooms-look-down": ["src/tiers/p05.ts", "../access/decide.ts"],
  "access-looks-down": ["src/access/p06.ts", "../operations/register.ts"],
  "acts-look-down": ["src/operations/p07.ts", "../api/app.ts"],
  "doors-look-down": ["src/api/p08.ts", "../objects/agent-object.ts"],
  "only-the-top-knows-the-top": ["src/registry/p09.ts", "../env.ts"],
  "env-below-wire-below-worker": ["src/env.ts", "./worker.ts"],
  "worker-knows-no-program": ["src/operations/p11.ts", "../client/agents.ts"],
  "client-speaks-the-contract": ["src/client/p12.ts", "../kernel/time.ts"],
  "cli-stands-on-client": ["src/cli/p13.ts", "../audit/sink.ts"],
  "cli-reaches-only-pure-code": ["src/cli/p14.ts", "../audit/p14-not-pure.ts"],
  "embedded-runs-the-built-worker": ["src/embedded/p15.ts", "../worker.ts"],
  "sdk-stands-alone": ["sdk/typescript/src/p28.ts", "../../../src/kernel/time.ts"],
  "clients-share-the-transport": ["src/registry/p32.ts", "../../sdk/typescript/src/client.ts"],
  "sdk-has-no-dependency": ["sdk/typescript/src/p29.ts", "zod"],
  "sdk-knows-no-platform": ["sdk/typescript/src/p30.ts", "node:fs"],
  "sdk-adapters-stand-aside": ["sdk/typescript/src/p31.ts", "hono"],
  "hono-only-in-api": ["src/operations/p16.ts", "hono"],
  "cloudflare-only-at-the-edges": ["src/registry/p17.ts", "cloudflare:workers"],
  "node-only-on-node": ["src/registry/p18.ts", "node:fs"],
  "node-crypto-only-in-digest": ["src/credentials/p19.ts", "node:crypto"],
  "node-zlib-only-in-key-format": ["src/credentials/p20.ts", "node:zlib"],
  "miniflare-only-in-embedded": ["src/cli/p21.ts", "miniflare"],
  "cedar-only-in-policy": ["src/access/p33.ts", "@cedar-policy/cedar-wasm/web"],
  "cedar-module-only-at-the-door": ["src/objects/p34.ts", "../cedar-module.ts"],
  "terminal-only-in-programs": ["src/client/p22.ts", "commander"],
  "no-cycles": ["src/kernel/p23.ts", "./p23.ts"],
  "sources-stand-alone": ["src/kernel/p24.ts", "../../scripts/p24.ts"],
  "no-development-dependency": ["src/embedded/p25.ts", "wrangler"],
  "no-undeclared-package": ["src/embedded/p26.ts", "undici"],
  "no-unresolvable": ["src/kernel/p27.ts", "./absent.ts"],
};

/** Per word that is reserved: files that write it without the right to. */
const FORGED: Readonly<Record<string, readonly string[]>> = {
  "one-way-out": [
    "export const open = (leases: { admits(): boolean }): boolean => leases.admits();\n",
    'export const open = (leases: { admits(): boolean }): boolean => leases["admits"]();\n',
    "export const open = ({ admits }: { admits: () => boolean }): boolean => admits();\n",
    "export type Released = string;\nexport const forged = (value: unknown): Released => value as Released;\n",
    "export type Released = 1;\nexport const forged = (value: object) => value as unknown as Released;\n",
  ],
  "admitted-by-the-lease-client": [
    'import { admit } from "../lifecycle/admission.ts";\nexport const open = (): boolean => admit();\n',
  ],
  "one-change": [
    'export const named = (ids: { next(kind: string): string }): string => ids.next("chg");\n',
    "export const named = (ids: { next(kind: string): string }): string =>\n  ids.next(\n    `chg`,\n  );\n",
  ],
};

describe("the import walls", () => {
  let sound = "";
  let broken = "";
  let verdict: Run;

  beforeAll(() => {
    sound = plantTree(SOUND);
    const faults = Object.values(BROKEN).map(
      ([file, target]) =>
        [file, `import type { Plant } from "${target}";\nexport type Planted = Plant;\n`] as const,
    );
    const forgeries = Object.entries(FORGED).flatMap(([name, texts]) =>
      texts.map((text, index) => [`src/operations/${name}-${index}.ts`, text] as const),
    );
    broken = plantTree({
      ...SOUND,
      "src/audit/p14-not-pure.ts": 'export type * from "../storage/tables/agents.ts";\n',
      "scripts/p24.ts": "export {};\n",
      "src/oddments/p28.ts": "export {};\n",
      "src/tiers/helpers.ts": "export {};\n",
      "src/cedar-module.ts": "export {};\n",
      "src/lifecycle/admission.ts": "export const admit = (): boolean => true;\n",
      ...Object.fromEntries(forgeries),
      ...Object.fromEntries(faults),
    });
    verdict = checkWalls(broken);
  });

  afterAll(() => {
    removeTree(sound);
    removeTree(broken);
  });

  it("stand around every source file of this repository, because a check that reads nothing passes everything", () => {
    const { output } = checkWalls(REPOSITORY);
    const [, count] = /^(\d+) source files read/m.exec(output) ?? [];
    expect(Number(count)).toBeGreaterThan(20);
    expect(output).not.toContain("not-read:");
  });

  it("let a tree pass that keeps them", () => {
    expect(checkWalls(sound)).toEqual({
      passed: true,
      output: "17 source files read, 0 import walls broken\n",
    });
  });

  it("fail a tree that breaks them", () => {
    expect(verdict.passed).toBe(false);
  });

  it("are each broken once below, so that no rule stands that cannot fail", () => {
    const rules = (importWalls.forbidden ?? []).map(({ name }) => name);
    expect(new Set(Object.keys(BROKEN))).toEqual(new Set(rules));
  });

  it.each(Object.entries(BROKEN))("%s: refuses the import in %s", (rule, [file]) => {
    expect(verdict.output).toContain(`${rule}: ${file} → `);
  });

  it("know who may write a reserved word, each broken below", () => {
    expect(Object.keys(FORGED)).toEqual(RESERVED.map(({ name }) => name));
  });

  it.each(
    Object.entries(FORGED).flatMap(([name, texts]) => texts.map((_text, index) => [name, index] as const)),
  )("%s: refuses the word in the wrong file, written in way %i", (name, index) => {
    expect(verdict.output).toContain(`${name}: src/operations/${name}-${index}.ts`);
  });

  it("refuse a folder that nobody drew a wall around", () => {
    expect(verdict.output).toContain("unknown-place: src/oddments");
  });

  it("refuse a file whose name says nothing", () => {
    expect(verdict.output).toContain("nameless: src/tiers/helpers.ts");
  });
});

describe("the lint", () => {
  const FAULTS: Readonly<Record<string, readonly [rule: string, text: string]>> = {
    "a promise that nobody waits for": [
      "no-floating-promises",
      "const halt = async (): Promise<void> => Promise.resolve();\nexport function stop(): void {\n  halt();\n}\n",
    ],
    "a promise hidden by void": [
      "no-floating-promises",
      "const halt = async (): Promise<void> => Promise.resolve();\nexport function stop(): void {\n  void halt();\n}\n",
    ],
    "a promise where a truth value is wanted": [
      "no-misused-promises",
      "export const open = (live: () => Promise<boolean>): number => (live() ? 1 : 0);\n",
    ],
    any: ["no-explicit-any", "export const told = (word: any): number => (word === 1 ? 1 : 0);\n"],
    "a value of type any that flows on": [
      "no-unsafe-assignment",
      'export function told(): number {\n  const word = JSON.parse("1");\n  return word === 1 ? 1 : 0;\n}\n',
    ],
    "a switch that forgets a member of a closed union": [
      "switch-exhaustiveness-check",
      'export function cost(tier: "low" | "high"): number {\n  switch (tier) {\n    case "low":\n      return 1;\n  }\n  return 2;\n}\n',
    ],
    "an interactive transaction, which D1 does not have": [
      "no-restricted-properties",
      "export const move = (db: { transaction: () => number }): number => db.transaction();\n",
    ],
    "a list of which each value takes one of D1's 100 parameters": [
      "no-restricted-imports",
      'export { inArray } from "drizzle-orm";\n',
    ],
    "the clock of the platform": [
      "no-restricted-properties",
      "export const now = (): number => Date.now();\n",
    ],
    "the network of the platform": [
      "no-restricted-globals",
      'export const ask = async (): Promise<Response> => fetch("https://dome.example");\n',
    ],
    "a type of the platform": [
      "no-restricted-types",
      "export const size = (db: D1Database): number => Object.keys(db).length;\n",
    ],
    "an import of a type that the walls cannot see": [
      "consistent-type-imports",
      'export type Row = import("../storage/tables/agents.ts").Row;\n',
    ],
    "a file too long to read": ["max-lines", "export {};\n".repeat(351)],
  };
  let root = "";
  let verdict: Run;

  beforeAll(() => {
    const files = Object.values(FAULTS).map(
      ([, text], index) => [`src/registry/fault-${index}.ts`, text] as const,
    );
    root = plantTree({ ...SOUND, ...Object.fromEntries(files) });
    verdict = checkLint(root);
  });

  afterAll(() => removeTree(root));

  it("lets sound files pass", () => {
    const lines = verdict.output.split("\n").filter((line) => line.startsWith("src/"));
    expect(lines.filter((line) => !line.startsWith("src/registry/fault-"))).toEqual([]);
  });

  it("fails a tree with faults", () => {
    expect(verdict.passed).toBe(false);
  });

  it.each(Object.entries(FAULTS).map(([fault, [rule]], index) => [fault, rule, index] as const))(
    "refuses %s",
    (_fault, rule, index) => {
      const lines = verdict.output
        .split("\n")
        .filter((line) => line.startsWith(`src/registry/fault-${index}.ts`));
      expect(lines.join("\n")).toContain(`(${rule})`);
    },
  );
});
