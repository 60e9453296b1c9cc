import { z } from 'zod';
import { Id, listQuery, pageOf, Timestamp } from '../../schemas/common.ts';
import { CurrentPassword, EmailAddress, NewPassword, PersonName, User } from '../users/user.schema.ts';

const examplePassword = 'violet teapot on a tandem';

/** POST /auth/register. */
export const Registration = z
  .strictObject({ name: PersonName, email: EmailAddress, password: NewPassword })
  .meta({
    id: 'Registration',
    description: 'A new account',
    examples: [{ name: 'Ada Lovelace', email: 'ada@example.com', password: examplePassword }],
  });

/** POST /auth/login. */
export const Login = z.strictObject({ email: EmailAddress, password: CurrentPassword }).meta({
  id: 'Login',
  description: 'E-mail and password',
  examples: [{ email: 'ada@example.com', password: examplePassword }],
});

const RefreshToken = z
  .string()
  .min(1, 'must not be empty')
  .max(2000, 'is longer than any token here')
  .meta({
    description: 'Prolongs the session once; the answer brings the next one',
    examples: ['kq9tXW1f4dPb0m3s7yVhJc2uRzLaEo5iNgQxT8wB6vU'],
  });

/** POST /auth/refresh. */
export const Refresh = z.strictObject({ refreshToken: RefreshToken }).meta({
  id: 'Refresh',
  description: 'The latest refresh token of the session',
  examples: [{ refreshToken: 'kq9tXW1f4dPb0m3s7yVhJc2uRzLaEo5iNgQxT8wB6vU' }],
});

/** POST /auth/password. */
export const PasswordChange = z
  .strictObject({ currentPassword: CurrentPassword, newPassword: NewPassword })
  .meta({
    id: 'PasswordChange',
    description: 'The old and the new password',
    examples: [{ currentPassword: examplePassword, newPassword: 'two tandems and a teapot' }],
  });

const Seconds = z.int().min(1);

/** What login, registration and refresh answer. */
export const Session = z
  .strictObject({
    token: z.string().meta({
      description: 'The access token, a JWT for the header Authorization',
      examples: ['eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl'],
    }),
    tokenType: z.literal('Bearer').meta({ description: 'How to send it', examples: ['Bearer'] }),
    expiresIn: Seconds.meta({ description: 'Seconds until the access token expires', examples: [900] }),
    refreshToken: RefreshToken,
    refreshExpiresIn: Seconds.meta({
      description: 'Seconds until the refresh token expires',
      examples: [2_592_000],
    }),
    user: User,
  })
  .meta({ id: 'Session', description: 'A session that was opened or prolonged' });

/** One of one's own sessions. */
export const OpenSession = z
  .strictObject({
    id: Id,
    device: z.string().meta({
      description: 'What the client said it is',
      examples: ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
    }),
    address: z.string().meta({ description: 'From where it was last renewed', examples: ['203.0.113.7'] }),
    createdAt: Timestamp,
    lastUsedAt: Timestamp.meta({ description: 'When it was opened or last renewed by a refresh' }),
    expiresAt: Timestamp.meta({ description: 'When it ends unless it is renewed before' }),
    current: z.boolean().meta({ description: 'True for the session of this request', examples: [true] }),
  })
  .meta({ id: 'OpenSession', description: 'One of one’s own sessions' });

/** GET /auth/sessions. */
export const OpenSessionPage = pageOf(OpenSession, 'OpenSessionPage');

/** The query of GET /auth/sessions. */
export const OpenSessionQuery = z.strictObject(listQuery);

/** The session's id in the path. */
export const OpenSessionParams = z.strictObject({ id: Id });
