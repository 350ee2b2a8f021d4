/** The secrets of the Workers under test. They are public and guard nothing. */

/** Base64 of the bytes 0 to 31. */
export const TEST_ROOT_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/** An operator token whose form is right under `TEST_ROOT_KEY`; its random part is the bytes 0 to 23. */
export const TEST_ADMIN_TOKEN = "dome_ot_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRXA49kIsv6gk0rLkVx";

export const TEST_ISSUER = "https://dome.example";
