/** The era of a client and of an upstream. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { eraOf } from "../../../src/mcp/era.ts";
import { parseMessage } from "../../../src/mcp/message.ts";
import { contradicts, DISCOVER, eraVerdict } from "../../../src/mcp/upstream-era.ts";

function message(value: object) {
  const parsed = parseMessage(utf8(JSON.stringify({ jsonrpc: "2.0", ...value })), "upstream");
  if (!parsed.ok) throw new Error(parsed.error.detail);
  return parsed.value;
}

const meta = (version: unknown) => ({ _meta: { "io.modelcontextprotocol/protocolVersion": version } });

describe("the era of a client's message", () => {
  const era = (value: object, version: string | null, session: string | null = null) => {
    const found = eraOf(message(value), { version, session });
    return found.ok ? found.value : found.error.code;
  };
  const list = { id: 1, method: "tools/list" };

  it("is legacy for initialize, which has neither a version header nor a session", () => {
    expect(era({ id: 0, method: "initialize", params: { protocolVersion: "2025-11-25" } }, null)).toBe(
      "legacy",
    );
    expect(era({ id: 0, method: "initialize", params: { protocolVersion: "1999-01-01" } }, null)).toBe(
      "legacy",
    );
  });

  it("is modern for an initialize that claims the modern revision, where that method is not served", () => {
    expect(era({ id: 0, method: "initialize", params: meta("2026-07-28") }, "2026-07-28")).toBe("modern");
  });

  it("refuses an initialize beside a modern header, because they contradict each other", () => {
    expect(era({ id: 0, method: "initialize", params: {} }, "2026-07-28")).toBe(-32_020);
  });

  it("is modern when header and body name the same modern version", () => {
    expect(era({ ...list, params: meta("2026-07-28") }, "2026-07-28")).toBe("modern");
  });

  it("is modern for a modern header alone, so that the request is told what its _meta lacks", () => {
    expect(era(list, "2026-07-28")).toBe("modern");
    expect(era(list, "2027-01-01")).toBe("modern");
  });

  it.each([null, "2025-11-25", "2027-01-01", ""])(
    "refuses a modern _meta beside the header %j, because a proxy may have read the header",
    (version) => expect(era({ ...list, params: meta("2026-07-28") }, version)).toBe(-32_020),
  );

  it("is modern for a version in _meta that is no text, so that it is refused and not read as legacy", () => {
    expect(era({ ...list, params: meta(7) }, null)).toBe("modern");
  });

  it("is legacy for a session, with its version or without", () => {
    expect(era(list, "2025-11-25", "s")).toBe("legacy");
    expect(era(list, null, "s")).toBe("legacy");
  });

  it("ignores a session beside a modern version, because the modern era has none", () => {
    expect(era({ ...list, params: meta("2026-07-28") }, "2026-07-28", "s")).toBe("modern");
  });

  it.each([null, "2025-11-25", "2025-06-18", "nonsense"])(
    "refuses a request without session and claim, under the version %j, and says what to send",
    (version) => {
      const found = eraOf(message(list), { version, session: null });
      expect(found).toMatchObject({ ok: false, error: { code: -32_020 } });
      expect(found.ok ? "" : found.error.message).toContain("initialize");
    },
  );

  it("asks for no header of a notification, because the revision defines none for it", () => {
    expect(era({ method: "notifications/cancelled", params: { requestId: 1 } }, null)).toBe("legacy");
    expect(era({ method: "notifications/cancelled", params: meta("2026-07-28") }, null)).toBe("modern");
    expect(era({ method: "notifications/cancelled" }, "2026-07-28")).toBe("modern");
  });

  it("takes a response only within a session, because the modern era has no requests to a client", () => {
    expect(era({ id: 0, result: {} }, "2025-11-25", "s")).toBe("legacy");
    expect(era({ id: 0, result: {} }, null)).toBe(-32_600);
    expect(era({ id: 0, result: {} }, "2026-07-28", "s")).toBe(-32_600);
  });
});

describe("the era of an upstream", () => {
  const verdict = (status: number, value: object | null) =>
    eraVerdict({ status, message: value === null ? null : message(value) });
  const error = (code: number, data?: object) => ({ id: 1, error: { code, message: "no", data } });

  it("is modern when it answers the probe with the modern revision", () => {
    expect(verdict(200, { id: 1, result: { supportedVersions: ["2026-07-28"] } })).toBe("modern");
  });

  it.each([-32_020, -32_021, -32_022])("is modern when 400 brings %i", (code) => {
    expect(verdict(400, error(code))).toBe("modern");
  });

  it.each([
    [400, -32_000],
    [400, -32_600],
    [404, -32_601],
    [405, -32_000],
    [200, -32_601],
    [200, -32_020],
  ])("is asked for initialize after %i with %i", (status, code) => {
    expect(verdict(status, error(code))).toBe("try_initialize");
  });

  it.each([400, 404, 405, 406, 415])("is asked for initialize after %i without a message", (status) => {
    expect(verdict(status, null)).toBe("try_initialize");
  });

  it.each([401, 403, 407, 429, 500, 502, 503, 504, 301, 307])(
    "stays unknown after %i, because that says nothing and must not be remembered",
    (status) => {
      expect(verdict(status, null)).toBe("silent");
      expect(verdict(status, error(-32_022))).toBe("silent");
    },
  );

  it("is legacy when -32022 names legacy versions alone", () => {
    expect(verdict(400, error(-32_022, { supported: ["2025-11-25", "2025-06-18"] }))).toBe("legacy");
    expect(verdict(400, error(-32_022, { supported: ["2025-11-25", "2026-07-28"] }))).toBe("modern");
  });

  it("is asked for initialize after a result that is no answer to the probe", () => {
    expect(verdict(200, { id: 1, result: {} })).toBe("try_initialize");
    expect(verdict(200, null)).toBe("silent");
  });

  it("is probed in modern dress that declares no capability, so that an upstream asks nothing of nobody", () => {
    expect(DISCOVER.params).toEqual({
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    });
  });

  it("is asked again after an answer of the other era", () => {
    const answer = (status: number, code: number) => ({ status, message: message(error(code)) });
    expect(contradicts("legacy", answer(400, -32_022))).toBe(true);
    expect(contradicts("legacy", answer(404, -32_001))).toBe(false);
    expect(contradicts("modern", answer(400, -32_000))).toBe(true);
    expect(contradicts("modern", { status: 400, message: null })).toBe(true);
    expect(contradicts("modern", answer(400, -32_602))).toBe(false);
    expect(contradicts("modern", answer(400, -32_021))).toBe(false);
    expect(contradicts("modern", answer(200, -32_602))).toBe(false);
  });
});
