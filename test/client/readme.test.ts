/**
 * The README's blocks work as they stand, and when they are pasted a second time. A block says above itself what is
 * special about it: `by hand` (sets up or starts a server; this test does that itself), `once` (it makes what can be made
 * once), `refused` (some of its commands are denied, which is the point). What is shown below a block is what it prints;
 * `…` stands for anything.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endEverything, ROOT, startServer, temporaryFolder, twoFreePorts } from "../support/server.ts";

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const MARKS = ["by hand", "once", "refused"] as const;

interface Block {
  readonly mark: (typeof MARKS)[number] | null;
  readonly code: string;
  /** Lines that it prints, in this order, with others between. */
  readonly shown: readonly string[];
}

const BLOCK = /(?:^<!-- try: (.*?) -->\n\n)?^```sh\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm;
const blocks: readonly Block[] = [...readme.matchAll(BLOCK)].map(([, mark, code = "", shown]) => ({
  mark: MARKS.find((each) => each === mark) ?? null,
  code,
  shown: shown?.trimEnd().split("\n") ?? [],
}));
const playable = blocks.filter(({ mark }) => mark !== "by hand");

/** The copy in which the blocks are typed, with the server that listens at `port`. */
let place: { readonly folder: string; readonly env: Readonly<Record<string, string>>; readonly port: number };

beforeAll(async () => {
  const folder = temporaryFolder();
  const port = await twoFreePorts();
  copyFileSync(join(ROOT, "dome"), join(folder, "dome"));
  copyFileSync(join(ROOT, "package.json"), join(folder, "package.json"));
  mkdirSync(join(folder, "dist"));
  cpSync(join(ROOT, "dist/cli"), join(folder, "dist/cli"), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const server = await startServer({
    port,
    state: join(folder, ".dome"),
    home: join(folder, "home"),
    args: ["--test-users"],
  });
  place = { folder, env: server.clientEnv, port };
}, 60_000);

afterAll(endEverything);

interface Played {
  readonly printed: readonly string[];
  /** Exit codes other than 0. */
  readonly exits: readonly number[];
}

/** Types the blocks into one shell, as written but for the ports. */
async function play(some: readonly Block[]): Promise<Played[]> {
  const script = some.map(({ code }) => `echo "@@block"\n${code}`).join("\n");
  const mine = script.replaceAll("127.0.0.1:8787", `127.0.0.1:${place.port}`);
  writeFileSync(
    join(place.folder, "blocks.sh"),
    `exec 2>&1\ntrap 'echo "@@exit $?"' ERR\n${mine.replaceAll("127.0.0.1:8788", `127.0.0.1:${place.port + 1}`)}`,
  );
  const shell = spawn("bash", ["blocks.sh"], {
    cwd: place.folder,
    env: place.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  shell.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await once(shell, "close");
  return text
    .split("@@block\n")
    .slice(1)
    .map((part) => {
      const lines = part.trimEnd().split(/\n|(?=@@exit )/);
      return {
        printed: lines.filter((line) => !line.startsWith("@@exit ")),
        exits: lines.flatMap((line) => /^@@exit (\d+)$/.exec(line)?.[1] ?? []).map(Number),
      };
    });
}

/** `…` stands for anything. */
const pattern = (line: string): RegExp =>
  new RegExp(
    `^${line
      .split("…")
      .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
      .join(".*")}`,
  );

function expectAsWritten(block: Block, { printed, exits }: Played): void {
  const said = `${block.code}\nprinted\n${printed.join("\n")}`;
  const refused = block.mark === "refused";
  const unexpected = exits.filter((exit) => !refused || ![3, 4].includes(exit));
  if (unexpected.length > 0 || exits.length > 0 !== refused)
    throw new Error(`exits ${exits.join(", ")} are not as marked, of\n${said}`);
  let at = 0;
  for (const line of block.shown) {
    const found = printed.findIndex((each, index) => index >= at && pattern(line).test(each));
    expect(found, `"${line}" is not printed by\n${said}`).toBeGreaterThanOrEqual(at);
    at = found + 1;
  }
}

describe("the README's blocks", () => {
  it("are all read by this test, with marks that it knows", () => {
    expect(blocks).toHaveLength(readme.match(/^```sh$/gm)?.length ?? 0);
    expect(blocks.filter(({ mark }) => mark !== null)).toHaveLength(
      readme.match(/^<!-- try: /gm)?.length ?? 0,
    );
    const byHand = blocks.filter(({ mark }) => mark === "by hand").map(({ code }) => code);
    expect(byHand).toEqual(["npm ci && npm start\nnpm ci && npm test\n", "npm start -- --test-users\n"]);
  });

  it("hold no comment: a shell that takes none when typed in would pass it to the command", () => {
    expect(blocks.filter(({ code }) => /(?:^|\s)#/m.test(code))).toEqual([]);
  });

  it("have the seed's two commands to the letter", () => {
    const once = blocks.filter(({ mark }) => mark === "once").map(({ code }) => code);
    expect(once.join()).toContain(`./dome agents register \\
  --name support-triage \\
  --tier standard \\
  --tool zendesk \\
  --pool premium-reasoning \\
  --require-actas oidc

./dome agents activate support-triage
`);
  });

  it("work as written, and again when pasted a second time", async () => {
    const again = playable.filter(({ mark }) => mark !== "once");
    const [first, second] = [await play(playable), await play(again)];
    expect([first.length, second.length]).toEqual([playable.length, again.length]);
    playable.forEach((block, index) => expectAsWritten(block, first[index] ?? { printed: [], exits: [] }));
    again.forEach((block, index) => expectAsWritten(block, second[index] ?? { printed: [], exits: [] }));
  }, 300_000);
});
