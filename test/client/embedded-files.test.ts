/** Files of the embedded server that hold secrets, the names of the processes that it may end, and its claim on a folder. */
import { lstatSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeAtomically } from "../../src/embedded/files.ts";
import { claimFolder } from "../../src/embedded/folder-claim.ts";
import { takeLock } from "../../src/embedded/lock.ts";
import { PIDS_FILE, writeNote } from "../../src/embedded/note.ts";
import { isRunning, nameOf } from "../../src/embedded/processes.ts";
import { systemTimers } from "../../src/kernel/clock.ts";
import { endEverything, temporaryFolder } from "../support/server.ts";

afterAll(endEverything);

const draftOf = (path: string): string => `${path}.${process.pid}.draft`;

describe("a file that is replaced as a whole", () => {
  it("is never written through a link that somebody has put in the way: the root key would land elsewhere (P4)", () => {
    const folder = temporaryFolder();
    const [path, elsewhere] = [join(folder, "root.key"), join(folder, "elsewhere")];
    writeFileSync(elsewhere, "before");
    symlinkSync(elsewhere, draftOf(path));
    writeAtomically(path, "secret\n");
    expect(readFileSync(elsewhere, "utf8")).toBe("before");
    expect(lstatSync(path).isFile()).toBe(true);
    expect(readFileSync(path, "utf8")).toBe("secret\n");
  });

  it("is readable by its owner alone, whatever a draft was that a crash has left (P4)", () => {
    const path = join(temporaryFolder(), "admin.token");
    writeFileSync(draftOf(path), "a longer text than the new one", { mode: 0o644 });
    writeAtomically(path, "secret\n");
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toBe("secret\n");
  });
});

describe.runIf(process.platform === "linux")("the name of a process", () => {
  it("holds of one run of the machine only: after a restart the same number may start at the same tick", () => {
    const name = nameOf(process.pid);
    if (name === null) throw new Error("this process runs");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    expect(isRunning(name)).toBe(true);
    expect(name.started).toContain(boot);
    expect(
      isRunning({ ...name, started: name.started.replace(boot, boot.replaceAll(/[0-9a-f]/g, "0")) }),
    ).toBe(false);
  });
});

describe.runIf(process.platform === "linux")("a lock that is refused", () => {
  it("gives its claim on the folder back: otherwise this process would keep the next server out", async () => {
    const folder = temporaryFolder();
    const server = nameOf(process.ppid);
    if (server === null) throw new Error("the parent of this process runs");
    writeNote(join(folder, PIDS_FILE), { server, runtimes: [], watcher: null });
    const lock = await takeLock(folder, systemTimers);
    expect(lock.ok).toBe(false);
    const claim = await claimFolder(folder, process.platform);
    if (claim === "busy" || !claim.ok) throw new Error("the folder is still claimed");
    claim.value.release();
  });
});
