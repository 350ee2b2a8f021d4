/** What the server makes of its command line and environment. */
import { describe, expect, it } from "vitest";
import { isLoopback, localUrl, readRequest, type ServerOptions } from "../../src/embedded/options.ts";

function options(args: string[], env: Record<string, string> = {}): ServerOptions {
  const request = readRequest(args, env);
  if (!request.ok) throw new Error(request.error.line);
  if (request.value.kind !== "run") throw new Error(request.value.kind);
  return request.value.options;
}

function refusal(args: string[], env: Record<string, string> = {}): { line: string; exit: number } {
  const request = readRequest(args, env);
  if (request.ok) throw new Error("was accepted");
  return request.error;
}

describe("options of the server", () => {
  it("listens on loopback port 8787 with its state in .dome when nothing is said", () => {
    expect(options([])).toEqual({
      port: 8787,
      host: "127.0.0.1",
      stateDir: `${process.cwd()}/.dome`,
      publicUrl: null,
      corsOrigins: "",
      clientIpHeader: "",
      egressAllow: "",
      testUsers: false,
    });
  });

  it("takes PORT, DOME_STATE_DIR and DOME_PUBLIC_URL like the flags, because containers are configured so", () => {
    const env = { PORT: "9001", DOME_STATE_DIR: "/srv/dome", DOME_PUBLIC_URL: "https://dome.example.com/" };
    expect(options([], env)).toMatchObject({
      port: 9001,
      stateDir: "/srv/dome",
      publicUrl: "https://dome.example.com",
    });
  });

  it("takes origins that the Worker may call, from the flag before the variable", () => {
    const env = { DOME_EGRESS_ALLOW: "http://127.0.0.1:9000, http://[::1]:9000" };
    expect(options([], env).egressAllow).toBe("http://127.0.0.1:9000,http://[::1]:9000");
    expect(options(["--egress-allow", "https://idp.corp"], env).egressAllow).toBe("https://idp.corp");
  });

  it("lets a flag win over the environment variable of the same meaning", () => {
    const env = { PORT: "9001", DOME_STATE_DIR: "/srv/dome", DOME_PUBLIC_URL: "https://a.example" };
    const args = ["--port", "9002", "--state", "/var/dome", "--public-url", "https://b.example"];
    expect(options(args, env)).toMatchObject({
      port: 9002,
      stateDir: "/var/dome",
      publicUrl: "https://b.example",
    });
  });

  it("counts an empty environment variable as not set", () => {
    expect(options([], { PORT: "", DOME_STATE_DIR: "", DOME_PUBLIC_URL: "" })).toMatchObject({
      port: 8787,
      publicUrl: null,
    });
  });

  it.each([
    [["--port", "0"], '--port must be a number from 1 to 65535, not "0"'],
    [["--port", "65536"], '--port must be a number from 1 to 65535, not "65536"'],
    [["--port", "8787x"], '--port must be a number from 1 to 65535, not "8787x"'],
    [
      ["--egress-allow", "127.0.0.1:9000"],
      '--egress-allow must be origins such as http://127.0.0.1:9000, separated by commas, not "127.0.0.1:9000"',
    ],
    [
      ["--egress-allow", "http://127.0.0.1:9000/"],
      '--egress-allow must be origins such as http://127.0.0.1:9000, separated by commas, not "http://127.0.0.1:9000/"',
    ],
    [["--host", "a b"], '--host must be an IP address or a host name, not "a b"'],
    [["--state", ""], "--state is empty"],
    [["--pots", "1"], "Unknown option '--pots'"],
    [["serve"], "Unexpected argument 'serve'"],
    [
      ["--public-url", "dome.example.com"],
      '--public-url must be an origin such as https://dome.example.com, without path or query, not "dome.example.com"',
    ],
    [
      ["--public-url", "https://x.example/dome"],
      '--public-url must be an origin such as https://dome.example.com, without path or query, not "https://x.example/dome"',
    ],
    [
      ["--public-url", "https://user@x.example"],
      '--public-url must be an origin such as https://dome.example.com, without path or query, not "https://user@x.example"',
    ],
  ])("refuses %j with one line and exit code 2", (args, line) => {
    expect(refusal(args)).toEqual({ line: `${line} (--help lists the options)`, exit: 2 });
  });

  it("names the environment variable when that is what is wrong", () => {
    expect(refusal([], { PORT: "http" }).line).toMatch(/^PORT must be a number/);
    expect(refusal([], { DOME_PUBLIC_URL: "x" }).line).toMatch(/^DOME_PUBLIC_URL must be an origin/);
  });

  it("does not listen beyond loopback without an https public URL, because keys would cross the network in the clear", () => {
    const line =
      "--host 0.0.0.0 is reachable from other machines: give --public-url https://… of the TLS proxy in front, or --insecure-http";
    expect(refusal(["--host", "0.0.0.0"])).toEqual({ line, exit: 1 });
    expect(refusal(["--host", "0.0.0.0", "--public-url", "http://dome.example.com"])).toEqual({
      line,
      exit: 1,
    });
    expect(options(["--host", "0.0.0.0", "--public-url", "https://dome.example.com"]).host).toBe("0.0.0.0");
    expect(options(["--host", "0.0.0.0", "--insecure-http"]).host).toBe("0.0.0.0");
  });

  it("makes no users up where others reach the server, because for them an ID token means that somebody signed in", () => {
    expect(options(["--test-users"]).testUsers).toBe(true);
    expect(options(["--test-users", "--host", "::1", "--public-url", "http://[::1]:8787"]).testUsers).toBe(
      true,
    );
    const reached = [
      ["--host", "0.0.0.0", "--insecure-http"],
      ["--host", "dome.example.com", "--insecure-http"],
      ["--public-url", "https://dome.example.com"],
      ["--host", "0.0.0.0", "--public-url", "https://dome.example.com"],
      ["--host", "0.0.0.0", "--public-url", "http://127.0.0.1:8787", "--insecure-http"],
    ];
    for (const args of reached)
      expect(refusal(["--test-users", ...args]).line).toContain(
        "--test-users is only for a server that only this machine can reach",
      );
    expect(refusal(["--test-users"], { DOME_PUBLIC_URL: "https://dome.example.com" }).exit).toBe(1);
    expect(refusal(["--test-users", "--port", "65535"]).exit).toBe(2);
  });

  it("refuses a state folder with a backslash, which the runtime reads as a slash: its data would lie elsewhere, unlocked", () => {
    expect(refusal(["--state", "/srv/dome\\prod"])).toEqual({
      line: '--state must be a folder without a backslash in its path, not "/srv/dome\\prod" (--help lists the options)',
      exit: 2,
    });
    expect(refusal([], { DOME_STATE_DIR: "a\\b" }).line).toMatch(/^DOME_STATE_DIR must be a folder/);
  });

  it("knows what only this machine reaches", () => {
    expect(["127.0.0.1", "127.8.8.8", "::1", "localhost"].filter((host) => !isLoopback(host))).toEqual([]);
    expect(
      ["0.0.0.0", "::", "10.0.0.1", "127.evil.example", "localhost.evil.example"].filter(isLoopback),
    ).toEqual([]);
  });

  it("reaches itself by loopback when it listens everywhere", () => {
    expect(localUrl("0.0.0.0", 80)).toBe("http://127.0.0.1:80");
    expect(localUrl("::1", 8787)).toBe("http://[::1]:8787");
  });
});
