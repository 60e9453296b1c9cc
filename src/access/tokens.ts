/** What an access token says: who and which session, never what they may do. */
export interface AccessTokenClaims {
  userId: string;
  sessionId: string;
}

/** Issues and checks access tokens; makes and digests refresh tokens. */
export interface Tokens {
  issueAccess(claims: AccessTokenClaims, now: Date): Promise<string>;
  /** Throws `auth.invalid_token`; checked tokens are remembered, their expiry is checked every time. */
  verifyAccess(token: string, now: Date): Promise<AccessTokenClaims>;
  /** A new refresh token of 256 random bits. */
  newRefresh(): string;
  /** What is stored of a refresh token. */
  digestRefresh(token: string): string;
}
