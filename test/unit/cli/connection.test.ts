import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isLoopback, serviceUrl } from "../../../src/cli/connection.ts";
import { contextsPath } from "../../../src/cli/config.ts";
import { json, problem } from "../client/fake-service.ts";
import { contextsFile, dome, homeWithContexts, newHome, SERVICE_URL, TOKEN } from "./run-cli.ts";

const SELF = {
  subject: "ada@example.com",
  token: "opt_01k9v3m8q2x7n5r4t6w0y1z2a3",
  role: "admin",
  workspaces: null,
  expires_at: "2027-02-21T09:00:00.000Z",
};
const answers = { replies: [json(200, SELF)] };
const hosts = (service: { seen: readonly { url: string }[] }) =>
  service.seen.map(({ url }) => new URL(url).host);

describe("a token goes only to the URL it belongs to", () => {
  test("DOME_URL alone stops the command: no saved token is sent there", async () => {
    const { exit, stderr, requests } = await dome(["whoami"], {
      home: homeWithContexts(),
      env: { DOME_URL: "https://elsewhere.example" },
    });
    expect({ exit, requests }).toEqual({ exit: 4, requests: [] });
    expect(stderr).toBe(
      "error: DOME_URL is set without DOME_TOKEN, and a saved token is only sent to its own URL\n" +
        "next: set DOME_TOKEN too, or unset DOME_URL, or choose a saved context with --context NAME\n",
    );
  });

  test("DOME_TOKEN alone stops the command: it is not sent to a saved URL", async () => {
    const { exit, requests } = await dome(["whoami"], {
      home: homeWithContexts(),
      env: { DOME_TOKEN: TOKEN },
    });
    expect({ exit, requests }).toEqual({ exit: 4, requests: [] });
  });

  test("DOME_URL with DOME_TOKEN go before the context, and need none", async () => {
    const env = { DOME_URL: "https://elsewhere.example/", DOME_TOKEN: "dome_ot_env" };
    const { service } = await dome(["whoami"], { home: homeWithContexts(), env, ...answers });
    expect(hosts(service)).toEqual(["elsewhere.example"]);
    expect(service.seen[0]?.headers.get("authorization")).toBe("Bearer dome_ot_env");
  });

  test("--context goes before everything, with its own token", async () => {
    const env = { DOME_URL: "https://elsewhere.example", DOME_TOKEN: "dome_ot_env" };
    const { service } = await dome(["whoami", "--context", "other"], {
      home: homeWithContexts(),
      env,
      ...answers,
    });
    expect(hosts(service)).toEqual(["other.example.com"]);
    expect(service.seen[0]?.headers.get("authorization")).toBe(`Bearer dome_ot_${"O".repeat(49)}`);
  });

  test("without any of them it says how to log in (exit 4)", async () => {
    const { exit, stderr } = await dome(["whoami"], { home: newHome(), env: {} });
    expect({ exit, stderr }).toEqual({
      exit: 4,
      stderr: "error: no service is chosen\nnext: dome login --url URL\n",
    });
    const unknown = await dome(["whoami", "--context", "constructor"], { home: homeWithContexts(), env: {} });
    expect(unknown).toMatchObject({
      exit: 4,
      stderr: 'error: there is no context "constructor"\nnext: dome context list\n',
    });
  });
});

describe("dome login", () => {
  test("saves the URL with the token that the service has accepted, mode 0600, and chooses it", async () => {
    const home = newHome();
    const { exit, stdout } = await dome(["login", "--url", `${SERVICE_URL}/`], {
      home,
      env: {},
      stdin: `${TOKEN}\n`,
      ...answers,
    });
    expect(exit).toBe(0);
    expect(stdout).toBe(
      `Logged in to https://dome.example.com as ada@example.com (admin).\n` +
        `Saved as context "dome.example.com" in ${contextsFile(home)}.\n`,
    );
    expect(JSON.parse(readFileSync(contextsFile(home), "utf8"))).toEqual({
      current: "dome.example.com",
      contexts: { "dome.example.com": { url: SERVICE_URL, token: TOKEN } },
    });
    expect(statSync(contextsFile(home)).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, "dome")).mode & 0o777).toBe(0o700);
  });

  test("takes the token from DOME_TOKEN, or from a hidden prompt, and the name from --context", async () => {
    const home = homeWithContexts();
    const words = ["login", "--url", "http://127.0.0.1:8787", "--context", "mine"];
    await dome(words, { home, env: { DOME_TOKEN: "dome_ot_env" }, ...answers });
    const { questions } = await dome([...words.slice(0, 3), "--context", "typed"], {
      home,
      env: {},
      typed: "dome_ot_typed",
      ...answers,
    });
    expect(questions).toEqual(["Operator token: "]);
    const { current, contexts } = JSON.parse(readFileSync(contextsFile(home), "utf8")) as {
      current: string;
      contexts: Record<string, unknown>;
    };
    expect(current).toBe("typed");
    expect(Object.keys(contexts)).toEqual(["local", "other", "mine", "typed"]);
    expect(contexts["mine"]).toEqual({ url: "http://127.0.0.1:8787", token: "dome_ot_env" });
  });

  test("saves nothing when the service refuses the token (exit 4)", async () => {
    const home = newHome();
    const { exit, stderr } = await dome(["login", "--url", SERVICE_URL], {
      home,
      env: { DOME_TOKEN: TOKEN },
      replies: [problem(401, "invalid_token")],
    });
    expect(exit).toBe(4);
    expect(stderr).not.toContain(TOKEN);
    expect(() => statSync(contextsFile(home))).toThrow(/ENOENT/);
  });

  test("does not send a token in clear to another machine, unless it is told to", async () => {
    const words = ["login", "--url", "http://dome.example.com"];
    const world = { env: { DOME_TOKEN: TOKEN }, home: newHome(), ...answers };
    expect(await dome(words, world)).toMatchObject({ exit: 2, requests: [] });
    expect(await dome([...words, "--insecure-http"], world)).toMatchObject({ exit: 0 });
  });

  test("refuses what is not an operator token, without repeating it", async () => {
    for (const wrong of ["dome_at_agentkey", "two words", ""]) {
      const { exit, stderr, requests } = await dome(["login", "--url", SERVICE_URL], {
        home: newHome(),
        env: {},
        stdin: wrong,
      });
      expect([2, 4]).toContain(exit);
      expect(requests).toEqual([]);
      expect(stderr).not.toContain("agentkey");
    }
  });
});

describe("contexts", () => {
  test("are listed without their tokens", async () => {
    const { stdout } = await dome(["context", "list"], { home: homeWithContexts(), env: {} });
    expect(stdout).toBe(
      "   NAME   URL\n*  local  https://dome.example.com\n   other  https://other.example.com\n",
    );
    const asJson = await dome(["context", "list", "--json"], { home: homeWithContexts(), env: {} });
    expect(JSON.parse(asJson.stdout)).toEqual([
      { name: "local", url: "https://dome.example.com", workspace: null, current: true },
      { name: "other", url: "https://other.example.com", workspace: null, current: false },
    ]);
  });

  test("are chosen and forgotten by name", async () => {
    const home = homeWithContexts();
    const saved = () =>
      JSON.parse(readFileSync(contextsFile(home), "utf8")) as { current: unknown; contexts: object };
    expect((await dome(["context", "use", "other"], { home, env: {} })).exit).toBe(0);
    expect(saved().current).toBe("other");
    expect((await dome(["logout"], { home, env: {} })).exit).toBe(0);
    expect(saved().current).toBeNull();
    expect(Object.keys(saved().contexts)).toEqual(["local"]);
    expect((await dome(["context", "remove", "local"], { home, env: {} })).exit).toBe(0);
    expect(saved().contexts).toEqual({});
    expect(await dome(["context", "use", "local"], { home, env: {} })).toMatchObject({ exit: 1 });
  });

  test("that are damaged are told with the file's name, and are not overwritten", async () => {
    const home = newHome();
    mkdirSync(join(home, "dome"));
    for (const damaged of ["{", "[]", '{"contexts":{"a":{"url":1}}}']) {
      writeFileSync(contextsFile(home), damaged);
      const { exit, stderr } = await dome(["whoami"], { home, env: {} });
      expect(exit).toBe(1);
      expect(stderr).toContain(`${contextsFile(home)} is damaged`);
      await dome(["login", "--url", SERVICE_URL], { home, env: { DOME_TOKEN: TOKEN }, ...answers });
      expect(readFileSync(contextsFile(home), "utf8")).toBe(damaged);
    }
  });

  test("live under XDG_CONFIG_HOME when it is absolute, else under ~/.config (XDG base directories)", () => {
    expect(contextsPath({ XDG_CONFIG_HOME: "/x", HOME: "/h" })).toBe("/x/dome/contexts.json");
    expect(contextsPath({ XDG_CONFIG_HOME: "relative", HOME: "/h" })).toBe("/h/.config/dome/contexts.json");
    expect(contextsPath({ HOME: "/h" })).toBe("/h/.config/dome/contexts.json");
  });
});

test("dome whoami shows who and where", async () => {
  const { stdout } = await dome(["whoami"], { home: homeWithContexts(), env: {}, ...answers });
  expect(stdout).toBe(`subject     ada@example.com
role        admin
workspaces  all
token       opt_01k9v3m8q2x7n5r4t6w0y1z2a3
expires     2027-02-21 09:00:00 UTC (in 90 d)
service     https://dome.example.com
context     local
`);
});

test("a service's URL is http or https, and nothing but a place", () => {
  expect(serviceUrl("https://dome.example.com/")).toBe("https://dome.example.com");
  expect(serviceUrl("http://127.0.0.1:8787")).toBe("http://127.0.0.1:8787");
  expect(serviceUrl("https://example.com/dome/")).toBe("https://example.com/dome");
  for (const wrong of [
    "dome.example.com",
    "ftp://x",
    "https://a:b@x",
    "https://x?q=1",
    "https://x#f",
    "",
    "javascript:1",
  ]) {
    expect(serviceUrl(wrong)).toBeNull();
  }
});

test("a service's URL is read in time linear in its length: this ends only then", () => {
  const slashes = "/".repeat(1_000_000);
  expect(serviceUrl(`https://dome.example.com${slashes}x`)).toBe(`https://dome.example.com${slashes}x`);
  expect(serviceUrl(`https://dome.example.com${slashes}`)).toBe("https://dome.example.com");
});

test("only this machine is loopback", () => {
  const loopback = ["http://127.0.0.1:1", "http://localhost", "http://[::1]:8787", "http://127.1.2.3"];
  expect(loopback.map(isLoopback)).toEqual([true, true, true, true]);
  const others = [
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "http://10.0.0.1",
    "http://0.0.0.0",
  ];
  expect(others.map(isLoopback)).toEqual([false, false, false, false]);
});
