import { describe, expect, it } from "vitest";
import { MOST_BUNDLE_BYTES } from "../../../src/contract/policy.ts";
import { bundleDigest, canonicalText } from "../../../src/policy/bundle-digest.ts";
import { cedarAddress } from "../../../src/policy/cedar-address.ts";
import { diffBundles } from "../../../src/policy/diff-bundles.ts";
import { formatBundle } from "../../../src/policy/format-bundle.ts";
import { cedar, compiled } from "../../support/policies.ts";

const policy = (id: string, condition = "true"): string =>
  `@id("${id}") permit(principal, action, resource) when { ${condition} };`;

describe("the content address of a bundle", () => {
  it("is that of its policies, however an editor ends lines", () => {
    const text = `${policy("a")}\n\n${policy("b")}\n`;
    expect(bundleDigest(`\uFEFF${text.replaceAll("\n", "  \r\n")}\n\n`)).toBe(bundleDigest(text));
    expect(bundleDigest(text)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(bundleDigest(policy("a"))).not.toBe(bundleDigest(policy("a", "false")));
    expect(canonicalText(" a \r\nb")).toBe(" a\nb\n");
  });

  it("tells texts within strings apart: what was kept of one bundle would otherwise decide for the other", () => {
    const says = (text: string): string => policy("a", `principal.name == "${text}"`);
    for (const [one, other] of [
      ["x  \ny", "x\ny"],
      ["x\r\ny", "x\ny"],
      ['\\"  \n', '\\"\n'],
    ] as const)
      expect(bundleDigest(says(one))).not.toBe(bundleDigest(says(other)));
    expect(canonicalText("// it's \"open  \npermit  \n")).toBe("// it's \"open\npermit\n");
  });

  it("is made in one pass: a text of spaces takes no longer than another", () => {
    const spaces = " ".repeat(MOST_BUNDLE_BYTES);
    expect(canonicalText(`${policy("a")}${spaces}${policy("b")}`)).toHaveLength(
      `${policy("a")}${spaces}${policy("b")}`.length + 1,
    );
  });
});

describe("the difference of two versions", () => {
  it("is what was added, removed and changed, by @id", () => {
    const before = compiled([policy("a"), policy("b"), policy("c")].join("\n"));
    const after = compiled([policy("c"), policy("d"), policy("b", "false")].join("\n"));
    const { added, removed, changed } = diffBundles(before, after);
    expect([added, removed].map((list) => list.map(({ id }) => id))).toEqual([["d"], ["a"]]);
    expect(changed.map((pair) => [pair.before.text, pair.after.text])).toEqual([
      [policy("b"), policy("b", "false")],
    ]);
    expect(diffBundles(null, before).added).toHaveLength(3);
  });
});

describe("formatting", () => {
  it("is Cedar's own, keeps comments, and changes nothing the second time", () => {
    const text = `// the head\n@id("a")permit(principal,action,resource)when{context.time.hour>3// office\n};\n// the end`;
    const once = formatBundle(cedar, text);
    if (!once.ok) throw new Error(JSON.stringify(once.error));
    expect(once.value).toContain('// the head\n@id("a")\npermit (principal, action, resource)\n');
    for (const comment of ["// office", "// the end"]) expect(once.value).toContain(comment);
    expect(formatBundle(cedar, once.value)).toEqual(once);
  });

  it("says where the text cannot be read", () => {
    expect(formatBundle(cedar, `${policy("a")}\npermit(principal);`)).toMatchObject({
      ok: false,
      error: [{ line: 2 }],
    });
    expect(
      formatBundle(cedar, policy("a", "((((((((((((((((((((((((((true))))))))))))))))))))))))))")),
    ).toMatchObject({
      ok: false,
      error: [{ line: 1 }],
    });
    expect(formatBundle(cedar, "\n// nothing yet \n")).toEqual({ ok: true, value: "\n// nothing yet\n" });
  });
});

describe("an address for Cedar", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::1"],
    ["::", "::"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:7", null],
    ["1::2::3", null],
    ["fe80::1%eth0", null],
    ["256.0.0.1", null],
    ["01.2.3.4", null],
    ["192.0.2.1/24", null],
    ["", null],
    ["localhost", null],
  ])("is %s → %s, and never one that it cannot read", (text, expected) => {
    expect(cedarAddress(text)).toBe(expected);
    if (expected === null) return;
    const holds = `permit(principal, action, resource) when { ip("${expected}").isIpv4() || true };`;
    expect(cedar.policyJson(holds)).toMatchObject({ type: "success" });
    cedar.keep("address", { p: holds });
    const uid = { type: "Dome::Agent", id: "a" };
    const answer = cedar.authorize({
      principal: uid,
      action: { type: "Dome::Action", id: "x" },
      resource: uid,
      context: { ip: { __extn: { fn: "ip", arg: expected } } },
      entities: [],
      preparsedPolicySetId: "address",
    });
    expect(answer).toMatchObject({ type: "success", response: { decision: "allow" } });
  });
});
