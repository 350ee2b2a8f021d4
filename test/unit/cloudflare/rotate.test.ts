import { existsSync, readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkKeyForm } from "../../../src/credentials/key-format.ts";
import { deriveKeys, parseRootKeys, type RootKeys } from "../../../src/secrets/root-key.ts";
import { Desk, URL_OF_DOME } from "./fake-account.ts";

async function ready(): Promise<Desk> {
  const desk = new Desk();
  await desk.type("setup", "--public-url", URL_OF_DOME);
  desk.account.calls.length = 0;
  return desk;
}

const rootKeyOf = ({ account }: Desk): string => account.secrets.get("DOME_ROOT_KEY") ?? "";

function keysIn(text: string): RootKeys {
  const keys = parseRootKeys(text);
  if (!keys.ok) throw new Error(keys.error.kind);
  return keys.value;
}

const versionsOf = (desk: Desk): string[] => keysIn(rootKeyOf(desk)).map(({ version }) => version);

describe("cf:rotate", () => {
  it("puts a new version at the head, keeps the old ones, and says what remains to do", async () => {
    const desk = await ready();
    const before = rootKeyOf(desk);
    const { exit, stdout } = await desk.type("rotate");
    expect(exit).toBe(0);
    expect(desk.account.said).toEqual([
      "whoami --json",
      "secret list --name dome-objects --format json",
      "secret list --name dome --format json",
      "secret bulk --name dome-objects",
      "secret bulk --name dome",
    ]);
    expect(desk.account.objectsSecrets.get("DOME_ROOT_KEY")).toBe(rootKeyOf(desk));
    const [newest, ...older] = rootKeyOf(desk).split(",");
    expect(older).toEqual([before]);
    expect(newest).not.toBe(before);
    expect(readFileSync(desk.rootKeyFile, "utf8")).toBe(`${rootKeyOf(desk)}\n`);
    expect(statSync(desk.rootKeyFile).mode & 0o777).toBe(0o600);
    const [inUse = "", old = ""] = versionsOf(desk);
    expect(stdout).toContain(`root key: version ${inUse} is in use`);
    expect(stdout).toContain(`still readable: ${old}`);
    expect(stdout).toContain("npm run cf:rotate -- --retire VERSION");
  });

  it("uploads the root key alone: the admin token stays as it is, and no key is in an argument or shown (P4)", async () => {
    const desk = await ready();
    const token = desk.account.secrets.get("DOME_ADMIN_TOKEN");
    const { stdout } = await desk.type("rotate");
    const upload = desk.account.calls.at(-1);
    expect(Object.keys(JSON.parse(upload?.stdin ?? "{}") as object)).toEqual(["DOME_ROOT_KEY"]);
    expect(desk.account.secrets.get("DOME_ADMIN_TOKEN")).toBe(token);
    for (const part of rootKeyOf(desk).split(",")) {
      expect(desk.account.said.join("\n")).not.toContain(part);
      expect(stdout).not.toContain(part);
    }
  });

  it.each([
    { at: "secret bulk --name dome-objects", after: false },
    { at: "secret bulk --name dome-objects", after: true },
    { at: "secret bulk --name dome", after: false },
    { at: "secret bulk --name dome", after: true },
  ])(
    "finishes an interrupted rotation with the same list for both Workers, so that no version is made twice (%o)",
    async (failure) => {
      const desk = await ready();
      const before = rootKeyOf(desk);
      desk.account.failure = failure;
      expect(await desk.type("rotate")).toMatchObject({ exit: 1 });
      expect(readFileSync(desk.rootKeyFile, "utf8")).toBe(`${before}\n`);
      const planned = readFileSync(`${desk.rootKeyFile}.next`, "utf8");

      const { stdout } = await desk.type("rotate");
      expect(stdout).toContain("an earlier run did not finish");
      expect(`${rootKeyOf(desk)}\n`).toBe(planned);
      expect(desk.account.objectsSecrets.get("DOME_ROOT_KEY")).toBe(rootKeyOf(desk));
      expect(versionsOf(desk)).toHaveLength(2);
      expect(readFileSync(desk.rootKeyFile, "utf8")).toBe(planned);
      expect(existsSync(`${desk.rootKeyFile}.next`)).toBe(false);

      await desk.type("rotate");
      expect(versionsOf(desk)).toHaveLength(3);
    },
  );

  it("takes out an old version, and keeps it on this machine for a restored database", async () => {
    const desk = await ready();
    const first = rootKeyOf(desk);
    await desk.type("rotate");
    const [inUse = "", old = ""] = versionsOf(desk);
    expect(await desk.type("rotate", "--retire", inUse)).toMatchObject({ exit: 2 });
    expect(await desk.type("rotate", "--retire", "ffffffff")).toMatchObject({ exit: 2 });
    expect(await desk.type("rotate", "--retire", old)).toMatchObject({ exit: 0 });
    expect(versionsOf(desk)).toEqual([inUse]);
    expect(readFileSync(`${desk.rootKeyFile}.retired`, "utf8")).toBe(`${first}\n`);
    expect(statSync(`${desk.rootKeyFile}.retired`).mode & 0o777).toBe(0o600);
  });

  it("refuses without the copy of the list: a list made without it would lose every version there is", async () => {
    const desk = await ready();
    const before = rootKeyOf(desk);
    const { exit, stderr } = await desk.type("rotate", "--root-key-file", desk.path("nowhere"));
    expect(exit).toBe(1);
    expect(stderr).toContain("nowhere is missing, and Cloudflare does not return the root key");
    expect(rootKeyOf(desk)).toBe(before);
  });

  it("refuses where no root key is set, and in the middle of a gradual deployment", async () => {
    const desk = await ready();
    desk.account.failure = {
      at: "secret bulk",
      says: "Secret edit failed. You attempted to modify a secret, but the latest version of your Worker isn't currently deployed.",
    };
    expect((await desk.type("rotate")).stderr).toMatch(/^error: a gradual deployment is under way/);
    desk.account.secrets.clear();
    expect((await desk.type("rotate")).stderr).toMatch(/^error: dome has no DOME_ROOT_KEY yet/);
  });

  it("stops at sixteen versions, because each made-up key is tried against all of them", async () => {
    const desk = await ready();
    for (let made = 1; made < 16; made += 1) await desk.type("rotate");
    expect(versionsOf(desk)).toHaveLength(16);
    expect((await desk.type("rotate")).stderr).toMatch(/^error: DOME_ROOT_KEY has 16 versions/);
  });

  it("with --dry-run prints what it would do and touches nothing", async () => {
    const desk = await ready();
    const before = { files: desk.files, rootKey: rootKeyOf(desk) };
    const { exit, stdout } = await desk.type("rotate", "--dry-run");
    expect(exit).toBe(0);
    expect(stdout.split("\n").filter((line) => line.startsWith("would"))).toEqual([
      `would write ${desk.rootKeyFile}.next`,
      "would run: wrangler secret bulk --name dome-objects   (stdin: DOME_ROOT_KEY)",
      "would run: wrangler secret bulk --name dome   (stdin: DOME_ROOT_KEY)",
      `would move ${desk.rootKeyFile}.next to ${desk.rootKeyFile}`,
    ]);
    expect({ files: desk.files, rootKey: rootKeyOf(desk) }).toEqual(before);
  });
});

describe("cf:rotate --admin-token", () => {
  it("makes another one of the newest version, and leaves the root key alone", async () => {
    const desk = await ready();
    await desk.type("rotate");
    const rootKey = rootKeyOf(desk);
    const earlier = desk.account.secrets.get("DOME_ADMIN_TOKEN");
    await desk.type("rotate", "--admin-token", "--token-file", desk.path("admin.token"));
    const token = desk.account.secrets.get("DOME_ADMIN_TOKEN") ?? "";
    expect(token).not.toBe(earlier);
    expect(readFileSync(desk.path("admin.token"), "utf8")).toBe(`${token}\n`);
    const [{ formKey }] = await deriveKeys(keysIn(rootKey));
    expect(await checkKeyForm("operator", token, [formKey])).toBe(true);
    expect(rootKeyOf(desk)).toBe(rootKey);
  });

  it("leaves the file with the token that still works when the upload fails", async () => {
    const desk = await ready();
    await desk.type("rotate", "--admin-token", "--token-file", desk.path("admin.token"));
    const working = desk.files["admin.token"];
    desk.account.failure = { at: "secret bulk" };
    await desk.type("rotate", "--admin-token", "--token-file", desk.path("admin.token"));
    expect(desk.files["admin.token"]).toBe(working);
    expect(`${desk.account.secrets.get("DOME_ADMIN_TOKEN")}\n`).toBe(working);
  });

  it("is one rotation at a time (2)", async () => {
    const desk = await ready();
    expect(await desk.type("rotate", "--admin-token", "--retire", "00000000")).toMatchObject({ exit: 2 });
    expect(await desk.type("rotate", "--token-file", "x")).toMatchObject({ exit: 2 });
    expect(desk.account.said).toEqual([]);
  });
});
