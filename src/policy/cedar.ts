/**
 * The one place that calls Cedar's engine. It is WebAssembly of 4 MB, made when the first policy is read or decided on,
 * so an installation without policies pays nothing for it.
 *
 * The engine keeps its state in one instance per isolate, and a trap inside it (its stack overflows) leaves the instance
 * unusable. So whoever calls this has bounded what it sends, and after a trap nothing is asked of it again: `isBroken`,
 * which denies whatever needs a policy (P9).
 */
import {
  formatPolicies,
  getCedarVersion,
  initSync,
  policyToJson,
  preparsePolicySet,
  statefulIsAuthorized,
  validate,
  type AuthorizationAnswer,
  type CheckParseAnswer,
  type DetailedError,
  type FormattingAnswer,
  type PolicyToJsonAnswer,
  type Schema,
  type StatefulAuthorizationCall,
  type ValidationAnswer,
} from "@cedar-policy/cedar-wasm/web";

/** Gives the WebAssembly: a compiled module in a Worker, its bytes on Node. Called once. */
export type CedarModule = () => object;

/** What Cedar says of a fault. Offsets are bytes of UTF-8. */
export type CedarError = DetailedError;

/** As an answer of Cedar that failed, for whoever asks after a trap. */
const BROKEN = {
  type: "failure" as const,
  errors: [
    {
      message: "the policy engine has failed in this isolate",
      help: null,
      code: null,
      url: null,
      severity: null,
    },
  ],
  warnings: [],
};

export class Cedar {
  readonly #module: CedarModule;
  #isLoaded = false;
  #isBroken = false;

  constructor(module: CedarModule) {
    this.#module = module;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Such as `4.13.0`; null after a trap. */
  get version(): string | null {
    const version = this.#ask(getCedarVersion);
    return typeof version === "string" ? version : null;
  }

  /** The syntax tree of one policy. */
  policyJson(text: string): PolicyToJsonAnswer {
    return this.#ask(() => policyToJson(text));
  }

  /** Strict validation of policies by their ids. */
  validate(schema: Schema, policies: Readonly<Record<string, string>>): ValidationAnswer {
    return this.#ask(() => validate({ schema, policies: { staticPolicies: { ...policies } } }));
  }

  format(text: string): FormattingAnswer {
    return this.#ask(() => formatPolicies({ policyText: text, lineWidth: 100, indentWidth: 2 }));
  }

  /** Keeps a set of policies under a name, in place of what had that name before. */
  keep(name: string, policies: Readonly<Record<string, string>>): CheckParseAnswer {
    return this.#ask(() => preparsePolicySet(name, { staticPolicies: { ...policies } }));
  }

  /** Decides on a set that was kept. */
  authorize(call: StatefulAuthorizationCall): AuthorizationAnswer {
    return this.#ask(() => statefulIsAuthorized(call));
  }

  #ask<T>(question: () => T): T | typeof BROKEN {
    if (this.#isBroken) return BROKEN;
    try {
      if (!this.#isLoaded) initSync({ module: this.#module() } as Parameters<typeof initSync>[0]);
      this.#isLoaded = true;
      return question();
    } catch {
      this.#isBroken = true;
      return BROKEN;
    }
  }
}
