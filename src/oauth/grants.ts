/** The grants of the token endpoint, as requests and the server metadata name them. */
export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const GRANTS = ["client_credentials", TOKEN_EXCHANGE] as const;
