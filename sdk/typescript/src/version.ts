/** The version of this package; a test compares it with the one place that says it, the package of the repository. */
export const VERSION = "0.1.0";
