/** What an agent of a tier without policies of its own inherits. */

/** It permits an agent what it declared, and nothing else. */
export const BASELINE_POLICY = "builtin/declared-surface";
/** Version of the built-in bundle. It changes when the meaning of the baseline does. */
export const BASELINE_VERSION = "builtin-1";
