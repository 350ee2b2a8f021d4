/** `dome policy fmt`: no service is asked, so no context is needed. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { dome, newHome } from "./run-cli.ts";

const ROUGH = `// who may\n@id("a")permit(principal,action,resource)when{context.time.hour>3// office\n};`;
const FORMATTED = `// who may
@id("a")
permit (principal, action, resource)
when
{
  context.time.hour > 3 // office
};
`;
const BROKEN = `@id("a")\npermit(principal,action resource);`;

/** A folder with these files, and the command line without a context. */
function folderOf(files: Readonly<Record<string, string>>) {
  const folder = newHome();
  mkdirSync(join(folder, "deep"));
  mkdirSync(join(folder, "node_modules"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const fmt = (...argv: readonly string[]) => dome(["policy", "fmt", ...argv], { env: {} });
  return { path: (name: string) => join(folder, name), folder, fmt };
}
const read = (path: string): string => readFileSync(path, "utf8");

it("formats the files that are named, in place, and says which", async () => {
  const { path, fmt } = folderOf({ "a.cedar": ROUGH, "b.cedar": FORMATTED });
  const { exit, stdout, requests } = await fmt(path("a.cedar"), path("b.cedar"));
  expect({ exit, stdout, requests }).toEqual({
    exit: 0,
    stdout: `Formatted ${path("a.cedar")}.\n`,
    requests: [],
  });
  expect([read(path("a.cedar")), read(path("b.cedar"))]).toEqual([FORMATTED, FORMATTED]);
  expect((await fmt(path("a.cedar"))).stdout).toBe("The file is formatted.\n");
});

it("formats the files of a folder and below, but not those of other programs", async () => {
  const { path, folder, fmt } = folderOf({
    "a.cedar": ROUGH,
    "deep/b.cedar": ROUGH,
    "node_modules/c.cedar": ROUGH,
    "notes.txt": ROUGH,
  });
  expect((await fmt(folder, "--quiet")).stdout).toBe(`${path("a.cedar")}\n${path("deep/b.cedar")}\n`);
  expect([read(path("node_modules/c.cedar")), read(path("notes.txt"))]).toEqual([ROUGH, ROUGH]);
});

describe("--check", () => {
  it("changes nothing, lists the files that differ, and fails, for CI", async () => {
    const { path, fmt } = folderOf({ "a.cedar": ROUGH, "b.cedar": FORMATTED });
    const { exit, stdout, stderr } = await fmt("--check", path("a.cedar"), path("b.cedar"));
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: `${path("a.cedar")}\n` });
    expect(stderr).toBe(`error: 1 file is not formatted\nnext: dome policy fmt ${path("a.cedar")}\n`);
    expect(read(path("a.cedar"))).toBe(ROUGH);
    expect((await fmt("--check", path("b.cedar"))).exit).toBe(0);
  });

  it("answers as JSON", async () => {
    const { path, fmt } = folderOf({ "a.cedar": ROUGH });
    const { stdout } = await fmt("--check", path("a.cedar"), "--json");
    expect(JSON.parse(stdout)).toEqual([{ file: path("a.cedar"), differs: true, faults: [] }]);
  });
});

it("leaves a file as it is that cannot be read as policies, says where, and formats the others", async () => {
  const { path, fmt } = folderOf({ "a.cedar": BROKEN, "b.cedar": ROUGH });
  const { exit, stdout, stderr } = await fmt(path("a.cedar"), path("b.cedar"));
  expect(exit).toBe(1);
  expect(stdout).toMatch(/a\.cedar:2:25: .*\n(?: .*\n)?Formatted .*b\.cedar\.\n$/);
  expect(stderr).toBe("error: What cannot be read as policies stayed as it was\n");
  expect([read(path("a.cedar")), read(path("b.cedar"))]).toEqual([BROKEN, FORMATTED]);
});

describe("-", () => {
  const stdin = (text: string, ...argv: readonly string[]) =>
    dome(["policy", "fmt", "-", ...argv], { env: {}, stdin: text });

  it("formats stdin to stdout, for editors: not a character of a comment is changed", async () => {
    const comment = "// a tab\there, and \u200b that nobody sees\n";
    expect(await stdin(comment + ROUGH)).toMatchObject({ exit: 0, stdout: comment + FORMATTED, stderr: "" });
  });

  it("lets no comment control the terminal", async () => {
    const text = "// \u001b[2J\n";
    const { stdout } = await dome(["policy", "fmt", "-"], { env: {}, stdin: text, terminal: true });
    expect(stdout).toBe(String.raw`// \u001b[2J` + "\n");
  });

  it("fails where stdin is not formatted, with --check, and where it cannot be read", async () => {
    expect(await stdin(ROUGH, "--check")).toMatchObject({ exit: 1, stdout: "" });
    expect((await stdin(FORMATTED, "--check")).exit).toBe(0);
    const broken = await stdin(BROKEN);
    expect(broken).toMatchObject({ exit: 1, stdout: "" });
    expect(broken.stderr).toMatch(/^stdin:2:25: /);
  });

  it("stands alone", async () => {
    expect(await stdin(ROUGH, "a.cedar")).toMatchObject({
      exit: 2,
      stderr: "error: - stands alone: stdin is formatted to stdout\n",
    });
  });
});

test.each([
  ["that is not there", "absent.cedar", /^error: absent\.cedar cannot be read \(ENOENT\)\n$/],
  [
    "with nothing to format",
    "deep",
    /^error: There is no file whose name ends in \.cedar in .*deep or below\n$/,
  ],
])("refuses a place %s", async (_which, name, message) => {
  const { path, fmt } = folderOf({});
  const { exit, stderr } = await fmt(name === "deep" ? path(name) : name);
  expect(exit).toBe(2);
  expect(stderr).toMatch(message);
});
