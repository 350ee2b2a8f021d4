/** The command line when things go wrong on the way: lost answers, other services, readers that go away. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { CLI, startServer, type RunningServer } from "../support/server.ts";
import { runDome } from "./dome-command.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.stop();
});

/** Passes requests on, and hangs up instead of answering where `loses` says so. The request has had its effect then. */
async function lossyProxy(loses: (request: IncomingMessage, seen: number) => boolean): Promise<string> {
  let seen = 0;
  const proxy: Server = createServer((incoming, outgoing) => {
    seen += 1;
    const lost = loses(incoming, seen);
    const onward = request(
      server.url + (incoming.url ?? "/"),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        if (lost) {
          answer.resume().once("end", () => outgoing.destroy());
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(onward);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

const through = (url: string) => ({ ...server.clientEnv, DOME_URL: url, DOME_TOKEN: server.adminToken });
const keyIn = (text: string): string => /dome_at_[0-9A-Za-z]{49}/.exec(text)?.[0] ?? "no key";

describe("a lost answer", () => {
  test("of register: one agent, one live key, and the key that is shown works (P12)", async () => {
    const url = await lossyProxy((incoming, seen) => seen === 1 && incoming.method === "POST");
    const registered = await runDome(
      ["agents", "register", "--name", "lost-one", "--tool", "zendesk"],
      through(url),
    );
    expect(registered.exit).toBe(0);
    expect(registered.stderr).toMatch(/The answer with the key key_\w+ was lost\. Nobody has seen that key/);

    const keys = await runDome(["keys", "list", "lost-one", "--json"], server.clientEnv);
    const states = (JSON.parse(keys.stdout) as { state: string }[]).map(({ state }) => state);
    expect(states.toSorted()).toEqual(["live", "revoked"]);
    await runDome(["agents", "activate", "lost-one"], server.clientEnv);
    const token = await runDome(["token", "issue"], {
      ...server.clientEnv,
      DOME_AGENT_KEY: keyIn(registered.stdout),
    });
    expect(token.exit).toBe(0);
  });

  test("of suspend: it is stopped once, and the halt is the same (P12)", async () => {
    await runDome(["agents", "register", "--name", "lost-two"], server.clientEnv);
    await runDome(["agents", "activate", "lost-two"], server.clientEnv);
    const url = await lossyProxy((incoming, seen) => seen === 1 && incoming.method === "POST");
    expect((await runDome(["agents", "suspend", "lost-two", "--wait"], through(url))).exit).toBe(0);
    const halts = await runDome(["agents", "halts", "lost-two", "--json"], server.clientEnv);
    expect(JSON.parse(halts.stdout)).toHaveLength(1);
  });

  test("of update: the change is made once, and its repeat is no conflict with itself (P12)", async () => {
    await runDome(["agents", "register", "--name", "lost-four"], server.clientEnv);
    let patches = 0;
    const url = await lossyProxy((incoming) => incoming.method === "PATCH" && (patches += 1) === 1);
    const updated = await runDome(["agents", "update", "lost-four", "--label", "team=data"], through(url));
    expect(updated).toMatchObject({ exit: 0, stderr: "" });
    expect(patches).toBe(2);
  });

  test("that is lost every time is told with the command that shows what has happened", async () => {
    const url = await lossyProxy((incoming) => incoming.method === "POST");
    const { exit, stdout, stderr } = await runDome(
      ["agents", "register", "--name", "lost-three"],
      through(url),
    );
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
    expect(stderr).toContain(
      "it is not known whether the command took effect\nnext: dome agents show lost-three\n",
    );
  });
});

describe("a saved token", () => {
  test("is not sent to another URL: DOME_URL alone stops", async () => {
    const asked: string[] = [];
    const url = await lossyProxy((incoming) => {
      asked.push(incoming.headers.authorization ?? "none");
      return false;
    });
    expect(await runDome(["whoami"], { ...server.clientEnv, DOME_URL: url })).toMatchObject({
      exit: 4,
      stdout: "",
    });
    expect(asked).toEqual([]);
  });

  test("that the service does not accept is exit code 4, and no command shows it", async () => {
    const token = `${server.adminToken.slice(0, -1)}${server.adminToken.endsWith("x") ? "y" : "x"}`;
    const refused = await runDome(["whoami"], {
      ...server.clientEnv,
      DOME_URL: server.url,
      DOME_TOKEN: token,
    });
    expect(refused.exit).toBe(4);
    expect(refused.stderr).toContain(`next: dome login --url ${server.url}\n`);
    for (const words of [["whoami"], ["context", "list"], ["context", "list", "--json"]]) {
      const { stdout, stderr } = await runDome(words, server.clientEnv);
      expect(stdout + stderr).not.toContain("dome_ot_");
    }
  });
});

test("a reader that goes away (| head) gets no complaint", async () => {
  const line = `"${process.execPath}" "${CLI}" agents list --help | head -n 1`;
  const { stdout, stderr } = await promisify(execFile)("sh", ["-c", line], { env: { ...server.clientEnv } });
  expect({ stdout, stderr }).toEqual({ stdout: "Usage: dome agents list|ls [options]\n", stderr: "" });
});
