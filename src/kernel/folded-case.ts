/**
 * A name without the case of its letters, for comparing it as parsers do that ignore case: Go's takes `ſ` (U+017F) for an
 * `s` and the Kelvin sign for a `k`, too.
 */
export const foldedCase = (name: string): string => name.toUpperCase().toLowerCase();
